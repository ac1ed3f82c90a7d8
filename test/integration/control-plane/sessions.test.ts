import t from 'tap'
import { applyUsage } from '../../../services/store/usage-ledger.ts'
import type { BookedRow } from '../../../services/store/usage-ledger.ts'
import { expectProblem, startControlPlane } from '../../helpers/control-plane.ts'
import { allocationOf, bookedRow, deliver } from '../../helpers/usage-rows.ts'

const door = await startControlPlane(t)
const redis = await door.redis.connect()
const now = Date.now()
const ADA = 'a'.repeat(24)
const BOB = 'b'.repeat(24)

let sequence = 0
const book = async (node: string, rows: BookedRow[]) => {
  for (let start = 0; start < rows.length; start += 200) await applyUsage(redis, await deliver(redis, node, 'log', ++sequence), rows.slice(start, start + 200))
}
const row = (number: number, differs: Partial<BookedRow> = {}): BookedRow => bookedRow({ allocation: allocationOf(number), userTag: ADA, startedAtMs: now - 60_000, atMs: now - 10_000 + number, ...differs })
t.beforeEach(async () => {
  await redis.flushall()
  sequence = 0
})

interface Listed { id: string, app: string, node: string, state: string, userTag: string }
const list = async (query: string): Promise<{ sessions: Listed[], next: string | null }> => (await door.admin('GET', `/sessions?${query}`)).body
const numbers = (sessions: readonly Listed[]): number[] => sessions.map(({ id }) => Number(id.slice(-18)))

/** All pages, one after the other; `between` runs behind each. */
async function walk (query: string, between: (page: number) => Promise<void> = async () => {}): Promise<number[][]> {
  const pages: number[][] = []
  let before: string | null = ''
  while (before !== null) {
    const { sessions, next } = await list(`${query}${before && `&before=${before}`}`)
    pages.push(numbers(sessions))
    await between(pages.length)
    before = next
  }
  return pages
}

t.test('a session is shown by its id, with what it has relayed, where, since when, and when it was last heard of', async t => {
  await book('eu-1', [row(1, { packetsIn: 1, bytesIn: 20, packetsOut: 300, bytesOut: 4_000 })])
  t.same((await list('')).sessions, [{ id: `eu-1:boot-1:${allocationOf(1)}`, node: 'eu-1', boot: 'boot-1', allocation: allocationOf(1), app: 'shop', userTag: ADA, provider: 'coturn', region: 'eu', state: 'open', startedAtMs: now - 60_000, atMs: now - 9_999, seconds: 50, packetsIn: 1, bytesIn: 20, packetsOut: 300, bytesOut: 4_000 }])
})

t.test('filters are for app, node, user and state, each and together', async t => {
  await book('eu-1', [row(1), row(2, { app: 'chat' }), row(3, { userTag: BOB }), row(4, { state: 'closed' }), row(5, { state: 'lost', userTag: BOB }), row(9, { app: '_probe' })])
  await book('eu-10', [row(6), row(7, { state: 'closed', app: 'chat' })])
  const found = async (query: string) => numbers((await list(query)).sessions)
  t.same(await found(''), [1, 2, 3, 6])
  t.same(await found('app=chat'), [2])
  t.same(await found('node=eu-1'), [1, 2, 3], 'not those of a node whose name begins alike')
  t.same(await found('node=eu-10'), [6])
  t.same(await found(`user=${BOB}`), [3])
  t.same(await found('state=ended'), [7, 5, 4], 'the last ended first')
  t.same(await found(`state=ended&user=${BOB}&node=eu-1&app=shop`), [5])
  t.same(await found(`app=chat&user=${BOB}`), [])
  t.same(await found('app=_probe'), [9])
})

t.test('pages follow each other without a hole, be their sessions all of one moment', async t => {
  const moments = Array.from({ length: 30 }, (_, index) => row(index, { atMs: now - (index < 20 ? 5_000 : 4_000 - index) }))
  await book('eu-1', moments)
  const all = Array.from({ length: 30 }, (_, index) => index)
  for (const limit of [1, 7, 20, 30, 31]) t.same((await walk(`limit=${limit}`)).flat().sort((a, b) => a - b), all, `${limit} a page`)
  t.equal((await list('limit=30')).sessions.length, 30)
  t.equal((await list('limit=31')).next, null)

  await book('eu-1', moments.map(session => ({ ...session, state: 'closed' as const })))
  t.same((await walk('state=ended&limit=7')).flat(), [...all.slice(20).reverse(), ...all.slice(0, 20).reverse()].sort((a, b) => b - a))
})

t.test('an open session that is heard of between two pages is not missed, nor is one that began then', async t => {
  await book('eu-1', Array.from({ length: 10 }, (_, number) => row(number)))
  const pages = await walk('limit=3', async page => {
    // those of the page that comes next, and one of the page before
    if (page === 1) await book('eu-1', [...[0, 3, 4, 5].map(number => row(number, { atMs: now })), row(99, { atMs: now })])
  })
  t.same([...new Set(pages.flat())].sort((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 99])
})

t.test('a page looks at so many sessions and no more: what it did not get to find is on the next', async t => {
  const count = 12_000
  await book('eu-1', Array.from({ length: count }, (_, number) => row(number, { userTag: number === count - 1 ? BOB : ADA })))
  const first = await list(`user=${BOB}`)
  t.same(first.sessions, [])
  t.ok(first.next)
  t.same(await walk(`user=${BOB}`), [[], [count - 1]])
  t.equal((await walk('limit=9999')).flat().length, count)
})

t.test('a session whose record is gone is passed over', async t => {
  await book('eu-1', [row(1), row(2)])
  await redis.del(`session:eu-1:boot-1:${allocationOf(1)}`)
  t.same(await walk('limit=1'), [[2], []])
})

for (const query of ['app=NO', 'app=_probes', 'node=', 'user=ada', 'state=closed', 'limit=0', 'limit=10000', 'before=1', 'before=1:eu-1:boot', `before=x:eu-1:b:${allocationOf(1)}`, 'offset=1']) {
  t.test(`?${query} is refused`, async t => {
    expectProblem(t, await door.admin('GET', `/sessions?${query}`), 400, 'invalid_request', query)
  })
}
