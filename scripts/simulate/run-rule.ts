import type { ProviderName } from '../../services/domain/provider.ts'
import type { RuleMaker, RuleOptions } from './rule.ts'
import type { Call } from './trace.ts'
import { World } from './world.ts'
import type { NodePlan } from './world.ts'

const BYTES_A_MEGABIT = 125_000
const SECONDS_A_MINUTE = 60

export interface Minute {
  minute: number
  requests: number
  spilled: number
  /** at the end of it, in megabits per second */
  loadMbps: number
  spillMbps: number
}

export interface Outcome {
  requests: number
  /** credentials by who served them */
  credentials: Record<string, number>
  /** bytes relayed, by whom */
  bytes: Record<string, number>
  /** the same, as they are billed */
  traffic: Record<string, { bytesIn: number, bytesOut: number }>
  spillBytes: number
  saturatedNodeSeconds: number
  nodeSeconds: number
  /** allocations that the quota of coturn would have refused */
  refusedAllocations: number
  flaps: number
  series: Minute[]
}

/** One rule over one trace, from its first call to its last. */
export function runRule ({ make }: RuleMaker, calls: readonly Call[], nodes: readonly NodePlan[], options: RuleOptions): Outcome {
  const world = new World(nodes)
  const rule = make(world, options)
  const credentials: Record<string, number> = {}
  const traffic: Outcome['traffic'] = {}
  const series: Minute[] = []
  const elsewhere = createElsewhere()
  let [requests, spilled, second] = [0, 0, -1]

  const step = (): void => {
    second += 1
    world.tick(second)
    if (second > 0 && second % SECONDS_A_MINUTE === 0) {
      const loadMbps = world.nodes.reduce((sum, { megabits }) => sum + megabits, 0)
      series.push({ minute: second / SECONDS_A_MINUTE - 1, requests, spilled, loadMbps: tidy(loadMbps), spillMbps: tidy(elsewhere.megabitsAt(second)) });
      [requests, spilled] = [0, 0]
    }
    rule.look(second)
  }
  for (const call of calls) {
    const now = call.startSeconds
    while (second < Math.floor(now)) step()
    world.advance(now)
    const choice = rule.choose(call, now)
    const provider: ProviderName = 'provider' in choice ? choice.provider : 'coturn'
    requests += 1
    credentials[provider] = (credentials[provider] ?? 0) + 1
    if (call.relayed) {
      const own = traffic[provider] ??= { bytesIn: 0, bytesOut: 0 }
      own.bytesIn += Math.round(call.megabitsUp * call.durationSeconds * BYTES_A_MEGABIT)
      own.bytesOut += Math.round(call.megabitsDown * call.durationSeconds * BYTES_A_MEGABIT)
    }
    if ('nodes' in choice) {
      world.place(call, now, choice.nodes)
    } else {
      spilled += 1
      if (call.relayed) elsewhere.add(call)
    }
  }
  const lastSecond = Math.ceil(second / SECONDS_A_MINUTE) * SECONDS_A_MINUTE
  for (let left = lastSecond - second; left > 0; left--) step()

  const bytes = Object.fromEntries(Object.entries(traffic).map(([provider, { bytesIn, bytesOut }]) => [provider, bytesIn + bytesOut]))
  return {
    requests: calls.length,
    credentials,
    bytes,
    traffic,
    spillBytes: Object.entries(bytes).reduce((sum, [provider, own]) => provider === 'coturn' ? sum : sum + own, 0),
    saturatedNodeSeconds: tidy(world.nodes.reduce((sum, node) => sum + node.saturatedUntil(second), 0)),
    nodeSeconds: second * nodes.length,
    refusedAllocations: world.nodes.reduce((sum, { refused }) => sum + refused, 0),
    flaps: rule.flaps(),
    series
  }
}

/** Relayed calls that others carry, so that what they carry at a time can be drawn. */
function createElsewhere () {
  const changes = new Map<number, number>()
  let [sum, until] = [0, 0]
  const change = (second: number, megabits: number): void => { changes.set(second, (changes.get(second) ?? 0) + megabits) }
  return {
    add: ({ startSeconds, durationSeconds, megabits }: Call): void => {
      change(Math.ceil(startSeconds), megabits)
      change(Math.ceil(startSeconds + durationSeconds), -megabits)
    },
    megabitsAt: (second: number): number => {
      for (; until <= second; until++) sum += changes.get(until) ?? 0
      return sum
    }
  }
}

const tidy = (value: number): number => Math.round(value * 1000) / 1000 + 0
