import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { until } from '../../../scripts/until.ts'
import { UNPRICED } from '../../../services/domain/usage.ts'
import { mintCredential, mintUserId, deriveKeys, userTag } from '../../../services/domain/turn-credential.ts'
import { shipUsage } from '../../../services/store/usage-stream.ts'
import { MASTER_KEY, startControlPlane } from '../../helpers/control-plane.ts'
import { startOwnProcess } from '../../helpers/own-process.ts'
import { allocationOf } from '../../helpers/usage-rows.ts'

const from = { source: 'this test', asOf: '2026-11-22' }
const door = await startControlPlane(t)
await door.addNode('eu-1')
const redis = await door.redis.connect()

function writeCard (t: Test, prices: unknown[]): string {
  const path = join(t.testdir(), 'rate-card.json')
  writeFileSync(path, JSON.stringify({ prices, credits: [] }))
  return path
}
const settings = (path: string) => ({ SPILLWAY_REDIS_URL: door.redis.url(), SPILLWAY_MASTER_KEY: MASTER_KEY, SPILLWAY_LEDGER_OPS_PORT: '0', SPILLWAY_RATE_CARD_FILE: path })

const keys = deriveKeys(MASTER_KEY)
const { username } = mintCredential(() => 'not looked at here', mintUserId(keys, 'shop', userTag(keys, 'shop', 'ada', () => Buffer.alloc(0))), 4_000_000_000)
let sequence = 0
/** As an agent reports one session's standing. */
async function report (bytesIn: number, bytesOut: number): Promise<void> {
  const atMs = Date.now()
  const row = { boot: 'b', allocation: allocationOf(1), username, state: 'open', startedAtMs: atMs, atMs, packetsIn: 1, bytesIn, packetsOut: 1, bytesOut }
  sequence += 1
  await shipUsage(redis, 'eu-1', 'log', [{ sequence, after: sequence - 1, batch: JSON.stringify({ region: 'eu', rows: [row] }) }])
  await until('it is booked', async () => await redis.xlen('usage:eu-1') === 0)
}
const usage = async () => (await door.admin('GET', '/usage?by=app')).body

t.test('a card that changes makes a new price from then on; what was relayed before keeps its own', async t => {
  const first = startOwnProcess(t, 'ledger', settings(writeCard(t, [{ provider: 'coturn', region: '*', bills: 'in+out', usdPerGigabyte: '0.09', usdPerNodeMonth: '5', ...from }])))
  await first.started()
  await report(1_000_000_000, 500_000_001)
  const before = await usage()
  t.match(before.rows, [{ key: 'shop', basis: 'measured', bytesIn: 1_000_000_000, costMicroUsd: '135000' }], '1.500000001 GB at 0.09')
  t.match(before.prices, [{ provider: 'coturn', region: '*', bills: 'in+out', microUsdPerGigabyte: '90000' }])
  t.same(before.flat, [{ region: 'eu', nodes: 1, microUsdPerNodeMonth: '5000000', microUsdPerMonth: '5000000' }], 'beside the rows, in none of them')
  first.terminate()
  await first.exit(5_000)

  await t.test('the same session, under the new card', async t => {
    await startOwnProcess(t, 'ledger', settings(writeCard(t, [{ provider: 'coturn', region: 'eu', bills: 'out', usdPerGigabyte: '0.02', ...from }]))).started()
    await report(3_000_000_000, 1_000_000_001)
    const { rows: [row], prices, flat } = await usage()
    t.equal(row.costMicroUsd, '145000', 'and 0.5 GB out at 0.02')
    t.same(row.priceVersions, prices.map(({ version }: { version: string }) => version).sort())
    t.equal(prices.length, 2)
    t.same(flat, [], 'flat prices are those of today')
    t.equal((await door.admin('GET', '/usage?by=app&format=csv')).text.split('\r\n')[1]?.split(',').slice(-2).join(), '145000,measured')
  })
})

t.test('bytes of a node whose price nobody gave have no cost', async t => {
  await startOwnProcess(t, 'ledger', settings(writeCard(t, []))).started()
  await report(3_000_000_500, 1_000_000_001)
  const { rows: [row] } = await usage()
  t.match(row, { bytesIn: 3_000_000_500, costMicroUsd: null }, 'nor has a sum they are in')
  t.equal(row.priceVersions.length, 2, 'though the rest of it has prices')
  t.equal((await redis.keys(`ledger:*:${UNPRICED}`)).length, 1)
})

t.test('a rate card with mistakes is told of all of them before anything starts', async t => {
  const own = startOwnProcess(t, 'ledger', settings(writeCard(t, [{ provider: 'acme', region: 'eu', bills: 'out', usdPerGigabyte: 0.1, ...from }, { provider: 'coturn', region: 'EU', ...from }])))
  t.equal(await own.exit(10_000), 2)
  for (const place of ['/prices/0/provider', '/prices/0/usdPerGigabyte', '/prices/1/region']) t.match(own.said.stderr, `SPILLWAY_RATE_CARD_FILE: ${place}`)
  const missing = startOwnProcess(t, 'ledger', settings('/nowhere/rate-card.json'))
  t.equal(await missing.exit(10_000), 2)
  t.match(missing.said.stderr, 'SPILLWAY_RATE_CARD_FILE: the file cannot be read: ENOENT')
})
