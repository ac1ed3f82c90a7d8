import fc from 'fast-check'
import t from 'tap'
import { newApp, NO_RELAY_CAPS } from '../../../services/domain/app.ts'
import { reservation, RESERVATION_MS } from '../../../services/domain/relay-use.ts'
import type { RelayUse } from '../../../services/domain/relay-use.ts'
import type { SessionState } from '../../../services/domain/session.ts'
import { writeUse } from '../../../services/store/decisions.ts'
import { readRelayUse } from '../../../services/store/relay-use.ts'
import { endLostSession, listSilent } from '../../../services/store/session-records.ts'
import { applyUsage } from '../../../services/store/usage-ledger.ts'
import type { BookedRow } from '../../../services/store/usage-ledger.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'
import { TEN_O_CLOCK, allocationOf, bookedRow, deliver } from '../../helpers/usage-rows.ts'

const redis = await (await startRedisServer(t, { variant: 'central' })).connect()
let sequence = 0
t.beforeEach(async () => {
  await redis.flushall()
  sequence = 0
})

const [ADA, BOB] = ['a'.repeat(24), 'b'.repeat(24)]
const shop = { ...newApp('shop', ''), relayCaps: { ...NO_RELAY_CAPS, userGigabytesPerMonth: 0.000_001 } }
const book = async (...rows: BookedRow[]) => await applyUsage(redis, await deliver(redis, 'eu-1', 'log-a', ++sequence), rows)
const row = (number: number, userTag: string, differs: Partial<BookedRow> = {}) => bookedRow({ allocation: allocationOf(number), userTag, expiresAtSeconds: 7, ...differs })
const use = async (nowMs = TEN_O_CLOCK): Promise<RelayUse> => {
  const read = (await readRelayUse(redis, [shop], nowMs)).get('shop')
  if (!read) throw new Error('nothing was read')
  return read
}

t.test('of an app that has relayed nothing nothing stands against its caps', async t => {
  t.same(await use(), { month: '202611', bytes: 0, spentUsers: new Set(), open: new Map(), openOf: new Map([['*', 0]]), reserved: new Set() })
  t.equal((await readRelayUse(redis, [], TEN_O_CLOCK)).size, 0)
})

t.test('bytes of both directions count for the app and for the user, in the month they were relayed in', async t => {
  await book(row(1, ADA, { bytesIn: 400, bytesOut: 500 }), row(2, BOB, { bytesIn: 1, bytesOut: 2 }))
  t.match(await use(), { bytes: 903, spentUsers: new Set() })
  await book(row(1, ADA, { bytesIn: 400, bytesOut: 600 }))
  t.match(await use(), { bytes: 1_003, spentUsers: new Set([ADA]) }, 'at a cap of 1,000 bytes she has reached it')
  const december = Date.UTC(2026, 11, 1)
  await book(row(1, ADA, { atMs: december, bytesIn: 400, bytesOut: 610 }))
  t.match(await use(december), { month: '202612', bytes: 10, spentUsers: new Set() }, 'December has what was relayed in December')
  t.equal((await use()).bytes, 1_003)
  t.ok(await redis.ttl('relayed:202611:shop') > 31 * 86_400, 'and a month is not kept for ever')
})

t.test('a total that corrects the deltas corrects the count', async t => {
  await book(row(1, ADA, { bytesIn: 5_000 }))
  await book(row(1, ADA, { state: 'closed', bytesIn: 300 }))
  t.match(await use(), { bytes: 300, spentUsers: new Set() })
})

t.test('sessions are open by credential, until each has ended, however it ends', async t => {
  await book(row(1, ADA), row(2, ADA), row(3, BOB))
  t.same((await use()).open, new Map([[`${ADA}:7`, 2], [`${BOB}:7`, 1]]))
  await book(row(1, ADA, { state: 'closed' }), row(2, ADA, { state: 'lost' }))
  t.same((await use()).open, new Map([[`${BOB}:7`, 1]]))
  await book(row(2, ADA, { state: 'open' }))
  t.equal((await use()).open.get(`${ADA}:7`), 1, 'one thought lost that speaks again')
  await book(row(2, ADA, { state: 'lost' }), row(2, ADA, { state: 'closed' }))
  for (const session of await listSilent(redis, TEN_O_CLOCK, 10)) await endLostSession(redis, session, TEN_O_CLOCK, TEN_O_CLOCK + 1, '0')
  t.same((await use()).open, new Map(), 'and one closed because its node fell silent')
})

t.test('whatever the rows, in whatever order: what is open is what has not ended, and the bytes are those of the ledger', async t => {
  const rows = fc.array(fc.record({ number: fc.integer({ min: 1, max: 4 }), state: fc.constantFrom<SessionState>('open', 'closed', 'lost'), bytesIn: fc.nat(10_000) }), { minLength: 1, maxLength: 25 })
  await fc.assert(fc.asyncProperty(rows, async rows => {
    await redis.flushall()
    const states = new Map<number, SessionState>()
    for (const { number, state, bytesIn } of rows) {
      if (states.get(number) !== 'closed') states.set(number, state)
      await book(row(number, number % 2 === 0 ? ADA : BOB, { state, bytesIn }))
    }
    const { bytes, open } = await use()
    const booked = await Promise.all((await redis.keys('ledger:*')).map(async key => Number(await redis.hget(key, 'bytesIn'))))
    const openCount = [...states.values()].filter(state => state === 'open').length
    return bytes === booked.reduce((sum, one) => sum + one, 0) && [...open.values()].reduce((sum, one) => sum + one, 0) === openCount
  }), { numRuns: 40 })
})

t.test('a place is held for half a minute, one for each issue', async t => {
  const place = (issue: string) => reservation(`${ADA}:7`, issue)
  const reserve = async (issue: string, atMs: number) => { await writeUse(redis, [{ app: 'shop', place: place(issue), atMs }], new Map()) }
  await reserve('r1', TEN_O_CLOCK)
  await reserve('r2', TEN_O_CLOCK + 1_000)
  t.same((await use(TEN_O_CLOCK + 1_000)).reserved, new Set([place('r1'), place('r2')]))
  t.same((await use(TEN_O_CLOCK + RESERVATION_MS)).reserved, new Set([place('r2')]))
  t.same((await use(TEN_O_CLOCK + RESERVATION_MS + 1_000)).reserved, new Set())
})
