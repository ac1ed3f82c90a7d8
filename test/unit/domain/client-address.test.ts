import { isIP } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { addressGroup, addressTag } from '../../../services/domain/client-address.ts'
import { deriveKeys } from '../../../services/domain/turn-credential.ts'

t.test('an IPv4 address is one client, however it is written', async t => {
  for (const written of ['192.0.2.7', '::ffff:192.0.2.7', '::FFFF:192.0.2.7', '0:0:0:0:0:ffff:192.0.2.7', '::ffff:c000:207', '0:0:0:0:0:FFFF:C000:0207', '192.0.2.7%eth0']) {
    t.equal(addressGroup(written), '192.0.2.7', written)
  }
  t.not(addressGroup('192.0.2.8'), addressGroup('192.0.2.7'))
})

t.test('an IPv6 /64 is one client, whatever stands behind it', async t => {
  const group = addressGroup('2001:db8:1:2::1')
  for (const same of ['2001:db8:1:2::', '2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:DB8:1:2::1', '2001:0db8:0001:0002:0:0:0:1', '2001:db8:1:2::192.0.2.7', '2001:db8:1:2::1%eth0', '2001:db8:1:2:0::9']) t.equal(addressGroup(same), group, same)
  for (const other of ['2001:db8:1:3::1', '2001:db8:2:2::1', '2001:db9:1:2::1', '::1:2']) t.not(addressGroup(other), group, other)
})

t.test('addresses with zeros at the front are told apart from IPv4', async t => {
  t.equal(addressGroup('::1'), addressGroup('::2'), 'of one /64')
  t.not(addressGroup('::1'), addressGroup('0.0.0.1'))
  t.not(addressGroup('0:0:0:1::1'), addressGroup('::1'))
})

const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 })
  .filter(groups => groups.slice(0, 5).some(group => group !== 0))
const hex = (group: number) => group.toString(16)
/** The shortest way, as RFC 5952 wants it; URL writes it so. */
const short = (all: readonly number[]) => new URL(`http://[${all.map(hex).join(':')}]`).hostname.slice(1, -1)

t.test('every way to write an IPv6 address comes to the same group, and it is that of its first 64 bits', async t => {
  fc.assert(fc.property(groups, groups, (all, other) => {
    const full = all.map(group => hex(group).padStart(4, '0')).join(':')
    const neighbour = [...all.slice(0, 4), ...other.slice(4)]
    const written = [full, full.toUpperCase(), all.map(hex).join(':'), short(all), `${short(all)}%1`, short(neighbour)]
    return written.every(text => isIP(text.split('%')[0] ?? '') === 6) && new Set(written.map(addressGroup)).size === 1
  }))
  fc.assert(fc.property(groups, groups, (one, other) =>
    (addressGroup(short(one)) === addressGroup(short(other))) === (String(one.slice(0, 4)) === String(other.slice(0, 4)))))
})

t.test('every IPv4 address stands for itself', async t => {
  fc.assert(fc.property(fc.ipV4(), fc.ipV4(), (one, other) => (addressGroup(one) === addressGroup(`::ffff:${other}`)) === (one === other)))
})

t.test('what is no address at all comes to something, and never throws', async t => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), text => typeof addressGroup(text) === 'string'))
})

t.test('the tag of an address tells nothing without the key', async t => {
  const [one, two] = [deriveKeys('m'.repeat(40)).address, deriveKeys('n'.repeat(40)).address]
  t.match(addressTag(one, '192.0.2.7'), /^[0-9a-f]{24}$/)
  t.equal(addressTag(one, '::ffff:192.0.2.7'), addressTag(one, '192.0.2.7'))
  t.not(addressTag(two, '192.0.2.7'), addressTag(one, '192.0.2.7'))
  t.not(addressTag(one, '192.0.2.8'), addressTag(one, '192.0.2.7'))
})
