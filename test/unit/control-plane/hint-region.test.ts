import t from 'tap'
import { createRegionHint } from '../../../services/control-plane/hint-region.ts'

const hint = createRegionHint('X-Region', ['10.0.0.0/8', '192.0.2.7', '2001:db8::/32'])
const from = (remoteAddress: string | undefined, value: string | string[] | undefined = 'eu') => hint({ headers: { 'x-region': value }, socket: { remoteAddress } })

t.test('believed from the addresses and ranges that are trusted, and from no other', async t => {
  for (const address of ['10.1.2.3', '192.0.2.7', '2001:db8:1::1', '::ffff:10.1.2.3']) t.equal(from(address), 'eu', address)
  for (const address of ['11.0.0.1', '192.0.2.8', '2001:db9::1', '::ffff:11.1.2.3', '::1', '', undefined]) t.equal(from(address), undefined, String(address))
})

t.test('what does not look like a region counts as not said', async t => {
  for (const value of ['', ' ', 'eu us', 'eu,us', ['eu'], undefined]) t.equal(hint({ headers: value === undefined ? {} : { 'x-region': value }, socket: { remoteAddress: '10.0.0.1' } }), undefined, String(value))
  t.equal(from('10.0.0.1', ' EU-West-1 '), 'eu-west-1')
})

t.test('without a header there is no hint', async t => {
  t.equal(createRegionHint(undefined, ['10.0.0.0/8'])({ headers: { 'x-region': 'eu' }, socket: { remoteAddress: '10.0.0.1' } }), undefined)
})
