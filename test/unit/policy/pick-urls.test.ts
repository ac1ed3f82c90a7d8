import fc from 'fast-check'
import t from 'tap'
import { pickUrls } from '../../../services/policy/pick-urls.ts'
import { urlsOf } from '../../helpers/node-views.ts'

const { udp: UDP, tls: TLS, tcp: TCP } = urlsOf('a')

t.test('the URLs of a reply', async t => {
  t.same(pickUrls([]), [])
  t.same(pickUrls([[UDP, TCP]]), [[UDP, TCP]])
  t.same(pickUrls([[TCP, TLS, UDP]]), [[UDP, TLS, TCP]], 'udp first, tls before tcp')
  t.same(pickUrls([[UDP, TCP, TLS], [UDP, TCP]]), [[UDP, TLS], [UDP]])
  t.same(pickUrls([[UDP], [TCP]]), [[UDP], [TCP]], 'what the second node has')
  t.same(pickUrls([[TLS, TCP], [TLS, UDP]]), [[TLS, TCP], [UDP]], 'what the first node has')
})

t.test('the second gives the way through a firewall that the first lacks', async t => {
  t.same(pickUrls([[UDP], [UDP, TCP, TLS]]), [[UDP], [UDP, TLS]])
  t.same(pickUrls([[UDP, TCP], [UDP, TLS]]), [[UDP, TCP], [UDP, TLS]])
  t.same(pickUrls([[UDP, TCP], [UDP, TCP]]), [[UDP, TCP], [UDP]], 'and no second one of the same kind')
})

t.test('whatever they have: at most four, and no way less than the first alone would give', async t => {
  const anyUrls = fc.array(fc.constantFrom(UDP, TCP, TLS), { minLength: 1, maxLength: 9 })
  fc.assert(fc.property(fc.array(anyUrls, { maxLength: 2 }), nodes => pickUrls(nodes).flat().length <= 4 && pickUrls(nodes).every(urls => urls.length > 0)))
  const kinds = (lists: string[][]) => lists.flat().flatMap(url => url === UDP ? ['udp'] : url === TLS ? ['tls', 'firewall'] : ['firewall'])
  fc.assert(fc.property(anyUrls, anyUrls, (one, other) => {
    const both = new Set(kinds(pickUrls([one, other])))
    return [one, other].every(alone => kinds(pickUrls([alone])).every(kind => both.has(kind)))
  }))
})
