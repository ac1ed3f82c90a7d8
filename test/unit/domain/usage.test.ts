import fc from 'fast-check'
import t from 'tap'
import { TOTALS_FIELDS, USAGE_DIMENSIONS, hourOf, isReported, isoPeriod, parseRowName, rollUp, rowSuffix } from '../../../services/domain/usage.ts'
import type { LedgerRow, LedgerRowKey } from '../../../services/domain/usage.ts'

const key = (differs: Partial<LedgerRowKey> = {}): LedgerRowKey => ({ period: '2026112210', app: 'shop', node: 'eu-1', provider: 'coturn', region: 'eu', priceVersion: '0', ...differs })
const row = (differs: Partial<LedgerRowKey>, count: number): LedgerRow =>
  ({ key: key(differs), sessions: count, lostSessions: count, seconds: count, bytesIn: count, bytesOut: count, packetsIn: count, packetsOut: count })

t.test('the hour is that of UTC, from its first to its last millisecond', async t => {
  t.equal(hourOf(Date.UTC(2026, 10, 22, 9, 59, 59, 999)), '2026112209')
  t.equal(hourOf(Date.UTC(2026, 10, 22, 10)), '2026112210')
  t.equal(hourOf(Date.UTC(2027, 0, 1)), '2027010100')
})

t.test('a period is shown as an ISO hour, or as a date once its day was folded', async t => {
  t.equal(isoPeriod('2026112223'), '2026-11-22T23:00:00Z')
  t.equal(isoPeriod('20261122'), '2026-11-22')
})

t.test('what probes relayed is reported of a node, or where it is asked for, and nowhere else', async t => {
  t.same(USAGE_DIMENSIONS.filter(by => isReported('_probe', undefined, by)), ['node'])
  t.ok(USAGE_DIMENSIONS.every(by => isReported('shop', undefined, by)))
  t.ok(USAGE_DIMENSIONS.every(by => isReported('_probe', '_probe', by)))
  t.notOk(USAGE_DIMENSIONS.some(by => isReported('_probe', 'shop', by) || isReported('shop', '_probe', by)))
})

const name = fc.stringMatching(/^[a-z0-9-]{1,32}$/)
const anyKey = fc.record({ period: fc.constantFrom('2026112209', '2026112210', '2026112309', '20261101'), app: name, node: name, provider: fc.constantFrom('coturn', 'twilio'), region: name, priceVersion: name }, { noNullPrototype: true })

t.test("a row's name says its key and is read back", async t => {
  fc.assert(fc.property(anyKey, key => {
    t.strictSame(parseRowName(`${key.period}:${rowSuffix(key)}`), key)
    return t.passing()
  }), { numRuns: 50 })
  for (const other of ['', '2026112210', 'a:b:c:d:e', 'a:b:c:d:e:f:g']) t.equal(parseRowName(other), undefined)
})

const rows = [
  row({}, 1), row({ app: 'chat' }, 10), row({ node: 'us-1', region: 'us' }, 100), row({ provider: 'twilio', period: '2026112211' }, 1_000),
  row({ period: '20261101', priceVersion: '2' }, 10_000), row({ period: '2026112100' }, 100_000)
]
const wanted: Record<typeof USAGE_DIMENSIONS[number], Record<string, number>> = {
  app: { chat: 10, shop: 111_101 },
  node: { 'eu-1': 111_011, 'us-1': 100 },
  provider: { coturn: 110_111, twilio: 1_000 },
  region: { eu: 111_011, us: 100 },
  hour: { '2026-11-01': 10_000, '2026-11-21T00:00:00Z': 100_000, '2026-11-22T10:00:00Z': 111, '2026-11-22T11:00:00Z': 1_000 },
  day: { '2026-11-01': 10_000, '2026-11-21': 100_000, '2026-11-22': 1_111 }
}
for (const by of USAGE_DIMENSIONS) {
  t.test(`rolled up by ${by}, rows of one key are one sum, in the order of the keys`, async t => {
    const sums = rollUp(rows, by)
    t.same(Object.fromEntries(sums.map(({ key, bytesIn }) => [key, bytesIn])), wanted[by])
    t.same(sums.map(({ key }) => key), Object.keys(wanted[by]).sort())
    for (const sum of sums) for (const field of TOTALS_FIELDS) t.equal(sum[field], sum.bytesIn, `${field} is summed as well`)
  })
}

t.test('nothing is lost or doubled by rolling up, whichever the dimension', async t => {
  const count = fc.nat(1_000_000_000)
  const anyRow = fc.record({ key: anyKey, sessions: count, lostSessions: count, seconds: count, bytesIn: count, bytesOut: count, packetsIn: count, packetsOut: count })
  fc.assert(fc.property(fc.array(anyRow), fc.constantFrom(...USAGE_DIMENSIONS), (rows, by) => {
    const sums = rollUp(rows, by)
    return new Set(sums.map(({ key }) => key)).size === sums.length &&
      TOTALS_FIELDS.every(field => sums.reduce((sum, row) => sum + row[field], 0) === rows.reduce((sum, row) => sum + row[field], 0))
  }))
})
