import t from 'tap'
import type { LedgerRow, LedgerRowKey } from '../../../services/domain/usage.ts'
import { sumDay, sumDayForMonth } from '../../../services/ledger/sum-ledger.ts'

const row = (differs: Partial<LedgerRowKey>, totals: Partial<LedgerRow>): LedgerRow => ({
  key: { period: '2026112210', app: 'shop', node: 'eu-1', provider: 'coturn', region: 'eu', priceVersion: 'v1', ...differs },
  sessions: 0,
  lostSessions: 0,
  seconds: 0,
  bytesIn: 0,
  bytesOut: 0,
  packetsIn: 0,
  packetsOut: 0,
  ...totals
})
const GIGABYTE = 1e9
const prices = new Map([['v1', { provider: 'coturn', region: '*', bills: 'out', microUsdPerGigabyte: '10000' } as const]])
const cloudflare = { provider: 'cloudflare', region: 'global' }
const rows = [
  row({}, { bytesIn: 1, bytesOut: GIGABYTE }),
  row({ period: '2026112211', node: 'eu-2' }, { bytesIn: 2, bytesOut: GIGABYTE }),
  row({ app: 'chat', priceVersion: '0' }, { bytesIn: 3, bytesOut: 4 }),
  row({ app: '_probe' }, { bytesIn: 1_000, bytesOut: 1_000 }),
  row({ ...cloudflare, node: '_estimated' }, { bytesOut: 5 * GIGABYTE }),
  row({ ...cloudflare, node: '_provider', app: '_account', period: '20261122' }, { bytesOut: 4 * GIGABYTE, billedMicroUsd: 123_456n })
]

t.test('a day by app, provider, region and whose word it is; probes are left out, and so is what has no price', async t => {
  t.same(sumDay(rows, prices), [
    { app: 'shop', provider: 'coturn', region: 'eu', basis: 'measured', bytesIn: 3, bytesOut: 2 * GIGABYTE, unpricedBytes: 0, costUsd: 0.02 },
    { app: 'chat', provider: 'coturn', region: 'eu', basis: 'measured', bytesIn: 3, bytesOut: 4, unpricedBytes: 7, costUsd: undefined },
    { app: 'shop', ...cloudflare, basis: 'estimated', bytesIn: 0, bytesOut: 5 * GIGABYTE, unpricedBytes: 0, costUsd: 0.05 },
    { app: '_account', ...cloudflare, basis: 'provider', bytesIn: 0, bytesOut: 4 * GIGABYTE, unpricedBytes: 0, costUsd: 0.123456 }
  ])
})

t.test('for the month the bill stands in the place of the estimate, where there is one', async t => {
  const own = { provider: 'coturn', region: 'eu', bytesIn: 6, bytesOut: 2 * GIGABYTE + 4, unpricedBytes: 7, costUsd: 0.02 }
  t.same(sumDayForMonth(rows, prices), [own, { ...cloudflare, bytesIn: 0, bytesOut: 4 * GIGABYTE, unpricedBytes: 0, costUsd: 0.123456 }])
  t.same(sumDayForMonth(rows.slice(0, -1), prices), [own, { ...cloudflare, bytesIn: 0, bytesOut: 5 * GIGABYTE, unpricedBytes: 0, costUsd: 0.05 }])
})
