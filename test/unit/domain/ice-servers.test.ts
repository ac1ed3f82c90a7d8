import fc from 'fast-check'
import t from 'tap'
import { MAX_URLS, isUsableUrl, sanitiseIceServers } from '../../../services/domain/ice-servers.ts'
import type { IceServer } from '../../../services/domain/ice-servers.ts'

const account = { username: 'u', credential: 'c' }

const table: Array<[what: string, given: IceServer[], wanted: IceServer[]]> = [
  ['nothing stays nothing', [], []],
  ['an entry without URLs goes', [{ urls: [] }, { urls: ['stun:a'] }], [{ urls: ['stun:a'] }]],
  ['a STUN URL loses its query', [{ urls: ['stun:a.example:3478?transport=udp'] }], [{ urls: ['stun:a.example:3478'] }]],
  ['whatever its case', [{ urls: ['STUN:a.example?x'] }], [{ urls: ['STUN:a.example'] }]],
  ['stuns goes', [{ urls: ['stuns:a.example:5349', 'stun:a.example'] }], [{ urls: ['stun:a.example'] }]],
  ['port 53 goes, with and without a query', [{ ...account, urls: ['stun:a:53', 'turn:a:53', 'turn:a:53?transport=udp', 'turn:a:5349?transport=tcp'] }], [{ ...account, urls: ['turn:a:5349?transport=tcp'] }]],
  ['a port that only begins or ends like it stays', [{ urls: ['stun:a:5353', 'stun:a:530'] }], [{ urls: ['stun:a:5353', 'stun:a:530'] }]],
  ['an address that ends like it stays', [{ urls: ['stun:[2001:db8::53]', 'stun:[2001:db8::53]:3478'] }], [{ urls: ['stun:[2001:db8::53]', 'stun:[2001:db8::53]:3478'] }]],
  ['TURN without username and credential goes, STUN beside it stays', [{ urls: ['turn:a', 'stun:a'] }], [{ urls: ['stun:a'] }]],
  ['TURN with half an account goes', [{ urls: ['turn:a'], username: 'u' }, { urls: ['turn:b'], credential: 'c' }, { urls: ['turn:c'], username: '', credential: 'c' }], []],
  ['half an account is not handed on', [{ urls: ['stun:a'], username: 'u' }], [{ urls: ['stun:a'] }]],
  ['turn and turns keep their transport', [{ ...account, urls: ['turn:a?transport=udp', 'turn:a?transport=tcp', 'turns:a:443?transport=tcp'] }], [{ ...account, urls: ['turn:a?transport=udp', 'turn:a?transport=tcp', 'turns:a:443?transport=tcp'] }]],
  ['an unknown query goes with its URL', [{ ...account, urls: ['turn:a?transport=sctp', 'turn:a?foo=bar', 'turn:a?transport=udp&x=1'] }], []],
  ['what is no URL goes', [{ ...account, urls: ['', 'turn:', 'stun:', 'http://a', 'turn://a', 'turn:user@a', 'turn:a b', ' turn:a', 'turn:a\n'] }], []],
  ['what no host name holds goes', [{ ...account, urls: ['turn:a#b', 'turn:a%62', 'turn:a\\b', 'turn:a\0', 'turn:"a"', 'turn:<a>', 'stun:a\u202e', 'turn:a_b-c.d'] }], [{ ...account, urls: ['turn:a_b-c.d'] }]],
  ['a port that is none goes', [{ ...account, urls: ['turn:a:0', 'turn:a:65536', 'turn:a:', 'turn:a:x', 'stun:a:1:2', 'turns:a:443:443?transport=tcp', 'turn:a:053', 'turn:a:65535'] }], [{ ...account, urls: ['turn:a:65535'] }]],
  ['an address without brackets goes', [{ urls: ['stun:2001:db8::1', 'stun:[2001:db8::1', 'stun:[2001:db8::1]'] }], [{ urls: ['stun:[2001:db8::1]'] }]],
  ['a username too long for STUN goes with its relays', [{ ...account, username: 'u'.repeat(509), urls: ['turn:a', 'stun:b'] }, { ...account, username: 'ü'.repeat(255), urls: ['turn:c'] }], [{ urls: ['stun:b'] }]],
  ['the longest there may be stays', [{ ...account, username: 'u'.repeat(508), urls: ['turn:a'] }], [{ ...account, username: 'u'.repeat(508), urls: ['turn:a'] }]],
  ['no more than four URLs in all', [{ ...account, urls: ['turn:a', 'turn:b', 'turn:c'] }, { urls: ['stun:d', 'stun:e'] }, { urls: ['stun:f'] }], [{ ...account, urls: ['turn:a', 'turn:b', 'turn:c'] }, { urls: ['stun:d'] }]],
  ['what goes takes no room', [{ urls: ['stuns:a', 'turn:b', 'stun:c', 'stun:d', 'stun:e', 'stun:f', 'stun:g'] }], [{ urls: ['stun:c', 'stun:d', 'stun:e', 'stun:f'] }]]
]
for (const [what, given, wanted] of table) {
  t.test(what, async t => { t.same(sanitiseIceServers(given), wanted) })
}

t.test('the number of URLs can be set', async t => {
  t.same(sanitiseIceServers([{ urls: ['stun:a', 'stun:b'] }], 1), [{ urls: ['stun:a'] }])
})

t.test('whatever is given: the result is short, usable, changed by no second pass, and the input is left as it was', async t => {
  const url = fc.oneof(fc.string(), fc.constantFrom('stun:a', 'stun:a?x', 'stuns:a', 'turn:a', 'turns:a:443?transport=tcp', 'turn:a:53'))
  const server = fc.record({ urls: fc.array(url), username: fc.constantFrom('', 'u'), credential: fc.constantFrom('', 'c') })
  fc.assert(fc.property(fc.array(server), servers => {
    const before = JSON.stringify(servers)
    const clean = sanitiseIceServers(servers)
    return clean.flatMap(({ urls }) => urls).length <= MAX_URLS &&
      clean.every(({ urls, username }) => urls.length > 0 && urls.every(url => isUsableUrl(url, username !== undefined))) &&
      JSON.stringify(sanitiseIceServers(clean)) === JSON.stringify(clean) && JSON.stringify(servers) === before
  }))
})
