import { BYTES_A_GIGABYTE, costOf, roundCost } from './money.ts'
import type { ExactCost, MicroUsd } from './money.ts'
import { billedBytes, priceBytes } from './rate-card.ts'
import type { Price, RateCard } from './rate-card.ts'
import { BASES, basisOf, dayOfPeriod, dimensionOf, rollUp } from './usage.ts'
import type { Basis, LedgerRow, UsageDimension, UsageTotals } from './usage.ts'

/** Prices by their versions: of all bytes that were ever booked under a known one. */
export type Prices = ReadonlyMap<string, Price>

export interface CostedTotals extends UsageTotals {
  key: string
  basis: Basis
  /** at list prices, credits not taken off; null where some of the bytes have no known price */
  costMicroUsd: MicroUsd | null
  /** under which its bytes were booked, where known */
  priceVersions: string[]
}

/**
 * Rows summed by one dimension, and apart by basis: what a provider says of bytes and what we estimated of them are two
 * words about the same bytes, never a sum. Costs are added up exactly and rounded once a row.
 */
export function rollUpCosts (rows: readonly LedgerRow[], by: UsageDimension, prices: Prices): CostedTotals[] {
  return BASES.flatMap(basis => {
    const own = rows.filter(({ key }) => basisOf(key) === basis)
    const byKey = Map.groupBy(own, ({ key }) => dimensionOf(key, by))
    return rollUp(own, by).map(totals => ({ ...totals, basis, ...sumCosts(byKey.get(totals.key) ?? [], prices) }))
  }).sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
}

function sumCosts (rows: readonly LedgerRow[], prices: Prices): Pick<CostedTotals, 'costMicroUsd' | 'priceVersions'> {
  let cost: ExactCost = 0n
  const versions = new Set<string>()
  let isKnown = true
  let isBilled = false
  for (const row of rows) {
    const price = prices.get(row.key.priceVersion)
    if (price) versions.add(row.key.priceVersion)
    if (row.billedMicroUsd !== undefined) {
      cost += row.billedMicroUsd * BYTES_A_GIGABYTE
      isBilled = true
    } else if (price) {
      cost += priceBytes(price, row)
    } else if (row.bytesIn + row.bytesOut > 0) {
      isKnown = false
    }
  }
  return { costMicroUsd: isKnown && (isBilled || versions.size > 0) ? roundCost(cost) : null, priceVersions: [...versions].sort() }
}

/** What a provider's free gigabytes were worth in one month (UTC), of the whole account. */
export interface AppliedCredit {
  provider: string
  /** yyyy-mm */
  month: string
  basis: Basis
  gigabytesPerMonth: number
  /** billed bytes of the month, those that are free included */
  billedBytes: bigint
  freeBytes: bigint
  /** what the free bytes would have cost: to be taken off the costs of the month */
  creditMicroUsd: MicroUsd
}

/**
 * Takes the free gigabytes off what is billed first in each month. They belong to the account: which app would have to be
 * thanked for them nobody can say, so no app's cost is made smaller.
 * @param rows of all apps, of whole months
 */
export function applyCredits (rows: readonly LedgerRow[], { credits }: Pick<RateCard, 'credits'>, prices: Prices): AppliedCredit[] {
  return credits.flatMap(credit => {
    const months = Map.groupBy(bestKnown(rows.filter(({ key }) => key.provider === credit.provider)), ({ key }) => key.period.slice(0, 6))
    return [...months].sort(([a], [b]) => a < b ? -1 : 1).map(([month, own]) => applyCredit(credit, month, own, prices))
  })
}

/** Of each day the provider's own word where there is one, else our estimate. @param rows of one provider */
export function bestKnown (rows: readonly LedgerRow[]): LedgerRow[] {
  const told = new Set(rows.filter(({ key }) => basisOf(key) === 'provider').map(({ key }) => dayOfPeriod(key.period)))
  return rows.filter(({ key }) => basisOf(key) !== 'estimated' || !told.has(dayOfPeriod(key.period)))
}

function applyCredit ({ provider, gigabytesPerMonth }: RateCard['credits'][number], month: string, rows: readonly LedgerRow[], prices: Prices): AppliedCredit {
  let left = BigInt(gigabytesPerMonth) * BYTES_A_GIGABYTE
  let [billed, free, credit] = [0n, 0n, 0n]
  for (const row of rows.toSorted((a, b) => a.key.period < b.key.period ? -1 : 1)) {
    const price = prices.get(row.key.priceVersion)
    if (!price) continue
    const bytes = billedBytes(price, row)
    const freeOfRow = bytes < left ? bytes : left
    left -= freeOfRow
    billed += bytes
    free += freeOfRow
    credit += costOf(freeOfRow, BigInt(price.microUsdPerGigabyte))
  }
  const basis = rows.some(({ key }) => basisOf(key) === 'estimated') ? 'estimated' : 'provider'
  return { provider, month: `${month.slice(0, 4)}-${month.slice(4)}`, basis, gigabytesPerMonth, billedBytes: billed, freeBytes: free, creditMicroUsd: roundCost(credit) }
}

/** What nodes at a flat price cost a month. */
export interface FlatCost {
  region: string
  nodes: number
  microUsdPerNodeMonth: MicroUsd
  microUsdPerMonth: MicroUsd
}

/** @param nodeRegions region of each node there is @param flatPriceOf what a node of a region costs a month, if it is billed so */
export function flatCosts (nodeRegions: Iterable<string>, flatPriceOf: (region: string) => MicroUsd | undefined): FlatCost[] {
  return [...Map.groupBy(nodeRegions, region => region)].sort(([a], [b]) => a < b ? -1 : 1).flatMap(([region, { length: nodes }]) => {
    const price = flatPriceOf(region)
    return price === undefined ? [] : [{ region, nodes, microUsdPerNodeMonth: price, microUsdPerMonth: price * BigInt(nodes) }]
  })
}
