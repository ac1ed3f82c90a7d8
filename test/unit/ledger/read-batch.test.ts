import t from 'tap'
import { deriveKeys, mintCredential, mintUserId, userTag } from '../../../services/domain/turn-credential.ts'
import { readBatch } from '../../../services/ledger/read-batch.ts'

const NOW = 1_795_346_720_000
const keys = deriveKeys('the master key of this test, nothing else')
const tag = userTag(keys, 'shop', 'ada', () => Buffer.alloc(0))
const { username } = mintCredential(() => 'not looked at here', mintUserId(keys, 'shop', tag), 1_795_350_000)

const row = (differs: Record<string, unknown> = {}) => ({
  boot: 'boot-1', allocation: '001000000000000001', username, state: 'open', startedAtMs: NOW - 9_000, atMs: NOW - 1_000, packetsIn: 1, bytesIn: 2, packetsOut: 3, bytesOut: 5_000_000_000, ...differs
})
const batch = (...rows: unknown[]) => JSON.stringify({ log: 'log-a', sequence: 1, region: 'eu', rows })
const read = (json: string) => readBatch(json, [keys.name], (provider, region) => `${provider}-${region}`, NOW)

t.test('a row is booked to the app and user its name proves, with the region its agent stands in', async t => {
  t.same(read(batch(row())), {
    forged: 0,
    rows: [{ boot: 'boot-1', allocation: '001000000000000001', state: 'open', startedAtMs: NOW - 9_000, atMs: NOW - 1_000, packetsIn: 1, bytesIn: 2, packetsOut: 3, bytesOut: 5_000_000_000, app: 'shop', userTag: tag, expiresAtSeconds: 1_795_350_000, provider: 'coturn', region: 'eu', priceVersion: 'coturn-eu' }]
  })
  t.same(read(batch()), { rows: [], forged: 0 })
})

t.test('rows under names that were not minted here are dropped and counted, the others stand', async t => {
  const strangers = ['', '1795350000:', '1795350000:alice', username.replace('shop', 'chat'), `${username}0`, mintCredential(() => 'not looked at here', mintUserId(deriveKeys('another master key'), 'shop', tag), 1_795_350_000).username]
  const { rows, forged } = read(batch(...strangers.map(name => row({ username: name })), row()))
  t.equal(forged, strangers.length)
  t.equal(rows.length, 1)
})

t.test('a minted user id counts only behind an expiry', async t => {
  const userId = username.split(':')[1] ?? ''
  for (const name of [userId, `:${userId}`, `soon:${userId}`, `-1:${userId}`, `1.5:${userId}`]) t.match(read(batch(row({ username: name }))), { rows: [], forged: 1 }, name)
})

t.test('a node whose clock is ahead books to now, one whose clock is behind keeps its word', async t => {
  t.equal(read(batch(row({ atMs: NOW + 7_200_000 }))).rows[0]?.atMs, NOW)
  t.equal(read(batch(row({ atMs: NOW - 7_200_000 }))).rows[0]?.atMs, NOW - 7_200_000)
})

t.test('what an agent adds to a batch in a later version does not matter', async t => {
  t.equal(read(JSON.stringify({ region: 'eu', rows: [row({ colour: 'blue' })], more: true })).rows.length, 1)
})

const broken: Record<string, string> = {
  'no JSON': '{',
  nothing: '',
  'another thing': '[]',
  'no rows': JSON.stringify({ region: 'eu' }),
  'no region': JSON.stringify({ rows: [] }),
  'a region with a colon': JSON.stringify({ region: 'eu:1', rows: [] }),
  'an unknown state': batch(row({ state: 'paused' })),
  'an allocation that is none': batch(row({ allocation: '1' })),
  'a boot with a colon': batch(row({ boot: 'a:b' })),
  'an empty boot': batch(row({ boot: '' })),
  'negative bytes': batch(row({ bytesIn: -1 })),
  'a part of a byte': batch(row({ bytesIn: 0.5 })),
  'bytes as text': batch(row({ bytesIn: '5' })),
  'a missing counter': batch(row({ bytesIn: undefined })),
  'a name longer than coturn takes': batch(row({ username: 'x'.repeat(513) }))
}
for (const [what, json] of Object.entries(broken)) {
  t.test(`a batch with ${what} is an error, and nothing of it is booked`, async t => { t.throws(() => read(json)) })
}
