import fc from 'fast-check'
import t from 'tap'
import { isUsableUrl, MAX_URLS } from '../../../services/domain/ice-servers.ts'
import { readRelayList } from '../../../services/upstream/relay-list.ts'
import type { UpstreamError } from '../../../services/upstream/upstream-error.ts'

const account = { username: 'u', credential: 'c' }
const H = 'turn.example.org'
const table: Array<[what: string, given: Parameters<typeof readRelayList>[0], wanted: string[][]]> = [
  ['udp and the two best ways through a firewall', [{ ...account, urls: [`turn:${H}:3478?transport=udp`, `turn:${H}:3478?transport=tcp`, `turn:${H}:80?transport=tcp`, `turns:${H}:5349?transport=tcp`, `turns:${H}:443?transport=tcp`] }], [[`turn:${H}:3478?transport=udp`, `turns:${H}:443?transport=tcp`, `turn:${H}:80?transport=tcp`]]],
  ['an entry a URL becomes one entry', [{ urls: `stun:${H}` }, { ...account, urls: `turn:${H}:3478?transport=udp` }, { ...account, urls: `turn:${H}:443?transport=tcp` }], [[`turn:${H}:3478?transport=udp`, `turn:${H}:443?transport=tcp`]]],
  ['url where there is no urls', [{ ...account, url: `turn:${H}` }], [[`turn:${H}`]]],
  ['urls where both are there', [{ ...account, url: 'turn:old', urls: 'turn:new' }], [['turn:new']]],
  ['null is nothing', [{ urls: null, url: null, username: null, credential: null }, { ...account, urls: null, url: 'turn:a' }], [['turn:a']]],
  ['no URL twice', [{ ...account, urls: ['turn:a', 'turn:a'] }, { ...account, urls: ['turns:a:443?transport=tcp', 'turns:a:443?transport=tcp'] }], [['turn:a', 'turns:a:443?transport=tcp']]],
  ['one account, the first that can be used', [{ username: 'x', credential: 'y', urls: 'turn:a:53' }, { ...account, urls: 'turn:b' }, { username: 'z', credential: 'y', urls: 'turns:c:443' }], [['turn:b']]],
  ['STUN only where no relay is reached over udp', [{ urls: ['stun:s?transport=udp', 'stun:s2'] }, { ...account, urls: ['turns:a:443?transport=tcp'] }], [['turns:a:443?transport=tcp'], ['stun:s']]]
]
for (const [what, given, wanted] of table) {
  t.test(what, async t => { t.same(readRelayList(given).map(({ urls }) => urls), wanted) })
}

t.test('without a relay there is no list', async t => {
  for (const list of [[], [{ urls: 'stun:a' }], [{ urls: ['turn:a'] }], [{ ...account, urls: ['turn:a:53', 'turn:a?transport=sctp', 'http://a'] }], [{ ...account, urls: [] }]]) {
    t.throws(() => readRelayList(list), { name: 'UpstreamError', kind: 'bad_reply' }, JSON.stringify(list))
  }
})

t.test('whatever a provider lists: few URLs, each usable, each once, and a relay among them', async t => {
  const url = fc.oneof(fc.string(), fc.constantFrom('stun:a', 'stun:a:53', 'turn:a', 'turn:b?transport=tcp', 'turns:a:443?transport=tcp', 'turns:a', 'turn:a:53', 'turn:c:80?transport=tcp'))
  const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
  const server = fc.record({ urls: maybe(fc.oneof(url, fc.array(url))), url: maybe(url), username: maybe(fc.constantFrom('', 'u', 'v')), credential: maybe(fc.constantFrom('', 'c')) })
  fc.assert(fc.property(fc.array(server), servers => {
    let list: ReturnType<typeof readRelayList>
    try {
      list = readRelayList(servers)
    } catch (error) {
      return (error as UpstreamError).kind === 'bad_reply'
    }
    const urls = list.flatMap(({ urls }) => urls)
    return urls.length <= MAX_URLS && new Set(urls).size === urls.length && urls.some(url => /^turns?:/i.test(url)) &&
      list.every(entry => entry.urls.length > 0 && entry.urls.every(url => isUsableUrl(url, entry.username !== undefined && entry.credential !== undefined)))
  }))
})
