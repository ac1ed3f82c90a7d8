import { BYTES_A_GIGABYTE } from '../domain/money.ts'
import { priceBytes } from '../domain/rate-card.ts'
import { basisOf, isReported } from '../domain/usage.ts'
import type { Basis, LedgerRow } from '../domain/usage.ts'
import { bestKnown } from '../domain/usage-cost.ts'
import type { Prices } from '../domain/usage-cost.ts'

interface Sum {
  provider: string
  region: string
  bytesIn: number
  bytesOut: number
  /** at list prices; undefined where none of the bytes has a known price */
  costUsd: number | undefined
  /** in and out, of those without one */
  unpricedBytes: number
}
export type DaySums = ReadonlyArray<Sum & { app: string, basis: Basis }>
export type MonthSums = readonly Sum[]

/** Rows of one day by app, provider, region and whose word it is; what probes relayed is nobody's usage. */
export const sumDay = (rows: readonly LedgerRow[], prices: Prices): DaySums =>
  sumBy(reported(rows), ({ key: { app, provider, region, ...key } }) => ({ app, provider, region, basis: basisOf(key) }), prices)

/** Rows of one day by provider and region, of what the provider bills and what we estimated of the same bytes the better known. */
export function sumDayForMonth (rows: readonly LedgerRow[], prices: Prices): MonthSums {
  const best = [...Map.groupBy(reported(rows), ({ key }) => key.provider).values()].flatMap(bestKnown)
  return sumBy(best, ({ key: { provider, region } }) => ({ provider, region }), prices)
}

const reported = (rows: readonly LedgerRow[]): LedgerRow[] => rows.filter(({ key }) => isReported(key.app, undefined, 'app'))

function sumBy<Key extends object> (rows: readonly LedgerRow[], keyOf: (row: LedgerRow) => Key, prices: Prices): Array<Key & Omit<Sum, 'provider' | 'region'>> {
  const groups = Map.groupBy(rows, row => JSON.stringify(Object.values(keyOf(row))))
  return [...groups.values()].map(group => ({ ...keyOf(group[0] as LedgerRow), ...sumRows(group, prices) }))
}

function sumRows (rows: readonly LedgerRow[], prices: Prices): Omit<Sum, 'provider' | 'region'> {
  let [bytesIn, bytesOut, unpricedBytes] = [0, 0, 0]
  let exact: bigint | undefined
  for (const row of rows) {
    bytesIn += row.bytesIn
    bytesOut += row.bytesOut
    const price = prices.get(row.key.priceVersion)
    const cost = row.billedMicroUsd === undefined ? price && priceBytes(price, row) : row.billedMicroUsd * BYTES_A_GIGABYTE
    if (cost === undefined) unpricedBytes += row.bytesIn + row.bytesOut
    else exact = (exact ?? 0n) + cost
  }
  return { bytesIn, bytesOut, unpricedBytes, costUsd: exact === undefined ? undefined : Number(exact) / 1e15 }
}
