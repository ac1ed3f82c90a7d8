import { formatUsd, roundCost } from '../../services/domain/money.ts'
import { findPrice, priceBytes } from '../../services/domain/rate-card.ts'
import type { RateCard } from '../../services/domain/rate-card.ts'
import type { MicroUsd } from '../../services/domain/money.ts'
import type { Outcome } from './run-rule.ts'
import type { NodePlan } from './world.ts'

/** Of a trace that is shorter or longer than a month, costs are scaled to one: 365.25 / 12 days. */
const MONTH_SECONDS = 2_629_800
const PAID = ['cloudflare', 'twilio'] as const
const MAX_MORE = 3

export interface FleetSize { nodes: number, changed: string, plans: NodePlan[] }

/** The fleet as it is, without a node where there are several, and with up to three more like its largest. */
export function fleetSizes (plans: readonly NodePlan[]): FleetSize[] {
  const largest = plans.reduce((a, b) => b.capacityMegabits > a.capacityMegabits ? b : a)
  const smallest = plans.reduce((a, b) => b.capacityMegabits < a.capacityMegabits ? b : a)
  const more = (count: number): NodePlan[] => Array.from({ length: count }, (_, index) => ({ ...largest, id: `${largest.id}-more-${index + 1}` }))
  return [
    ...plans.length > 1 ? [{ nodes: plans.length - 1, changed: `without ${smallest.id}`, plans: plans.filter(plan => plan !== smallest) }] : [],
    { nodes: plans.length, changed: 'as it is', plans: [...plans] },
    ...Array.from({ length: MAX_MORE }, (_, index) => ({ nodes: plans.length + index + 1, changed: `${index + 1} more like ${largest.id}`, plans: [...plans, ...more(index + 1)] }))
  ]
}

export interface PricedSize { size: FleetSize, spillGigabytes: number, nodesMicroUsd: MicroUsd, spillMicroUsd: Record<string, MicroUsd | null> }

/** What a size costs a month: its nodes, and its spill at each paid provider, credits taken off. */
export function priceSize (size: FleetSize, { traffic, spillBytes, nodeSeconds }: Outcome, card: RateCard, nodeMicroUsd: MicroUsd): PricedSize {
  const scale = MONTH_SECONDS / (nodeSeconds / size.plans.length)
  const spilled = Object.entries(traffic).filter(([provider]) => provider !== 'coturn').map(([, own]) => own)
  const sum = (of: 'bytesIn' | 'bytesOut'): number => Math.round(spilled.reduce((total, own) => total + own[of], 0) * scale)
  const bytes = { bytesIn: sum('bytesIn'), bytesOut: sum('bytesOut') }
  return {
    size,
    spillGigabytes: spillBytes * scale / 1e9,
    nodesMicroUsd: nodeMicroUsd * BigInt(size.nodes),
    spillMicroUsd: Object.fromEntries(PAID.map(provider => [provider, billOf(card, provider, bytes)]))
  }
}

function billOf (card: RateCard, provider: string, bytes: { bytesIn: number, bytesOut: number }): MicroUsd | null {
  const price = findPrice(card, provider, '*')
  if (!price) return null
  const whole = roundCost(priceBytes(price, bytes))
  const free = card.credits.find(credit => credit.provider === provider)?.gigabytesPerMonth ?? 0
  const credit = BigInt(free) * BigInt(price.microUsdPerGigabyte)
  return whole > credit ? whole - credit : 0n
}

/** A table of all sizes, and the cheapest with the reason. */
export function tellPlan (sizes: readonly PricedSize[]): string {
  const totalOf = ({ nodesMicroUsd, spillMicroUsd }: PricedSize, provider: string): MicroUsd | null => {
    const spill = spillMicroUsd[provider]
    return spill === null || spill === undefined ? null : nodesMicroUsd + spill
  }
  const usd = (amount: MicroUsd | null): string => amount === null ? 'unknown' : `$${formatUsd(amount / 10_000n * 10_000n)}`
  const row = (cells: readonly string[]): string => cells.map((cell, index) => index === 0 ? cell.padEnd(30) : cell.padStart(21)).join('').trimEnd()
  const options = sizes.flatMap(priced => PAID.flatMap(provider => {
    const total = totalOf(priced, provider)
    return total === null ? [] : [{ priced, provider, total }]
  })).sort((a, b) => a.total < b.total ? -1 : 1)
  const [best] = options
  const today = sizes.find(({ size }) => size.changed === 'as it is')
  const now = today && best ? totalOf(today, best.provider) : null
  const why = !best || !today || now === null
    ? 'No price is known of any paid provider: see infra/rate-card.json.'
    : best.priced === today
      ? `Cheapest is the fleet as it is, with spill to ${best.provider}: another node would cost more than the spill it takes away.`
      : `Cheapest is the fleet ${best.priced.size.changed}, with spill to ${best.provider}: ${usd(best.total)} a month in place of ${usd(now)}. ` +
        `It spills ${best.priced.spillGigabytes.toFixed(0)} GB in place of ${today.spillGigabytes.toFixed(0)} GB, and its nodes cost ${usd(best.priced.nodesMicroUsd)} in place of ${usd(today.nodesMicroUsd)}.` +
        (best.priced === sizes.at(-1) ? ' A larger one may be cheaper still: add nodes to the fleet file and ask again.' : '')
  return [
    row(['a month', 'spill', 'nodes', ...PAID.map(provider => `all with ${provider}`)]),
    ...sizes.map(priced => row([`${priced.size.nodes} nodes, ${priced.size.changed}`, `${priced.spillGigabytes.toFixed(0)} GB`, usd(priced.nodesMicroUsd), ...PAID.map(provider => usd(totalOf(priced, provider)))])),
    why
  ].join('\n') + '\n'
}
