import type { Mapped, Override, Threshold } from './panel-spec.ts'

/** Where a value turns bad, with the reason; a panel takes one of these or says why it has its own. */

/** The fleet admits no more to a node from 0.90 on, and takes it back at 0.75 (DESIGN: enter, leave). */
export const LOAD: readonly Threshold[] = [[null, 'green'], [0.75, 'orange'], [0.9, 'red']]
/** Anything at all is wrong. */
export const NONE_IS_GOOD: readonly Threshold[] = [[null, 'green'], [1, 'red']]
/** Issuance and reachability: three nines. */
export const THREE_NINES: readonly Threshold[] = [[null, 'red'], [0.999, 'green']]
/** The latency SLO is 50 ms; at 500 ms a call feels it. */
export const ISSUE_LATENCY: readonly Threshold[] = [[null, 'green'], [0.05, 'orange'], [0.5, 'red']]
/** Accounting may lag a minute; after five, caps and budgets are judged by stale sums. */
export const USAGE_LAG: readonly Threshold[] = [[null, 'green'], [60, 'orange'], [300, 'red']]
export const BUDGET: readonly Threshold[] = [[null, 'green'], [0.8, 'orange'], [1, 'red']]
/** Of a quantity that is neither good nor bad. */
export const NEUTRAL: readonly Threshold[] = [[null, 'blue']]

export const YES_IS_GOOD: Readonly<Record<string, Mapped>> = { 0: { text: 'No', colour: 'red' }, 1: { text: 'Yes', colour: 'green' } }

export const NODE_STATES: Readonly<Record<string, Mapped>> = {
  up: { text: 'up', colour: 'green' },
  degraded: { text: 'degraded', colour: 'orange' },
  unknown: { text: 'unknown', colour: 'yellow' },
  unready: { text: 'unready', colour: 'yellow' },
  draining: { text: 'draining', colour: 'purple' },
  down: { text: 'down', colour: 'red' }
}

/** A provider has one colour on all panels; of series whose names begin with it. */
export const PROVIDER_COLOURS: readonly Override[] = [
  { name: /^coturn/, colour: 'green' },
  { name: /^cloudflare/, colour: 'orange' },
  { name: /^twilio/, colour: 'red' },
  { name: /^static/, colour: 'blue' },
  { name: /^stun/, colour: 'purple' }
]
