import { formatUsd, roundCost } from '../../services/domain/money.ts'
import { findPrice, priceBytes } from '../../services/domain/rate-card.ts'
import type { RateCard } from '../../services/domain/rate-card.ts'
import type { Minute, Outcome } from './run-rule.ts'

export interface Result {
  requests: number
  credentials: Record<string, number>
  bytes: Record<string, number>
  spillBytes: number
  referenceSpillBytes: number
  /** null where the reference spills nothing */
  spillRatio: number | null
  saturatedNodeSeconds: number
  nodeSeconds: number
  refusedAllocations: number
  /** micro-USD at list prices, credits not taken off; null where nobody said what it costs */
  costMicroUsd: Record<string, string | null>
  flaps: number
}

export interface Report extends Result {
  /** a threshold on the last heartbeat and nothing more, over the same trace */
  naive: Result
  reference: Result
  series: Minute[]
}

/** What each rule came to, side by side. */
export function makeReport (own: Outcome, naive: Outcome, reference: Outcome, card: RateCard): Report {
  const against = (outcome: Outcome): Result => makeResult(outcome, reference.spillBytes, card)
  return { ...against(own), naive: against(naive), reference: against(reference), series: own.series }
}

function makeResult ({ requests, credentials, bytes, traffic, spillBytes, saturatedNodeSeconds, nodeSeconds, refusedAllocations, flaps }: Outcome, referenceSpillBytes: number, card: RateCard): Result {
  return {
    requests,
    credentials,
    bytes,
    spillBytes,
    referenceSpillBytes,
    spillRatio: referenceSpillBytes === 0 ? null : Math.round(spillBytes / referenceSpillBytes * 10_000) / 10_000,
    saturatedNodeSeconds,
    nodeSeconds,
    refusedAllocations,
    costMicroUsd: Object.fromEntries(Object.entries(traffic).map(([provider, own]) => [provider, costOf(card, provider, own)])),
    flaps
  }
}

/** Where a provider's region is not known, at its price for all others. */
function costOf (card: RateCard, provider: string, traffic: { bytesIn: number, bytesOut: number }): string | null {
  const price = findPrice(card, provider, '*')
  return price ? String(roundCost(priceBytes(price, traffic))) : null
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`
const dollars = (cost: string | null | undefined): string => cost === undefined ? '-' : cost === null ? 'unknown' : `$${formatUsd(BigInt(cost))}`

/** The same for people. */
export function tellReport ({ naive, reference, ...own }: Report, spillTo: string): string {
  const rules: Array<[string, Result]> = [['spillway', own], ['naive threshold', naive], ['reference', reference]]
  const lines: Array<[string, (result: Result) => string]> = [
    ['relayed by the fleet', ({ bytes }) => gigabytes(bytes.coturn ?? 0)],
    ['spilled', ({ spillBytes }) => gigabytes(spillBytes)],
    ['spill over reference', ({ spillRatio }) => spillRatio === null ? '-' : spillRatio.toFixed(3)],
    [`cost of ${spillTo}`, ({ costMicroUsd }) => dollars(costMicroUsd[spillTo])],
    ['nodes overloaded', ({ saturatedNodeSeconds, nodeSeconds }) => `${(100 * saturatedNodeSeconds / nodeSeconds).toFixed(3)} %`],
    ['allocations refused', ({ refusedAllocations }) => String(refusedAllocations)],
    ['nodes opened or closed', ({ flaps }) => String(flaps)]
  ]
  const row = (cells: readonly string[]): string => cells.map((cell, index) => index === 0 ? cell.padEnd(24) : cell.padStart(18)).join('').trimEnd()
  return [
    `${own.requests} credentials, spill goes to ${spillTo}; the reference knows every rate and who will relay.`,
    row(['', ...rules.map(([name]) => name)]),
    ...lines.map(([name, of]) => row([name, ...rules.map(([, result]) => of(result))]))
  ].join('\n') + '\n'
}
