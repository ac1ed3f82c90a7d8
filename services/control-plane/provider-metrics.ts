import { isPaid, PROVIDERS } from '../domain/provider.ts'
import type { ProviderName } from '../domain/provider.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { CIRCUIT_STATES } from '../upstream/circuit.ts'
import type { CircuitState } from '../upstream/circuit.ts'
import { FAILURES } from '../upstream/upstream-error.ts'
import type { Failure } from '../upstream/upstream-error.ts'
import type { Circuits } from './providers/index.ts'

/** From a reply over a kept connection to the whole patience of a request. */
const DURATION_BUCKETS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 2.5]
/**
 * reserved: Redis has set it aside. denied: a budget, or the allowance of an outage, stands against it. local: out of that
 * allowance, for Redis was away. failed: budgets were not known at all.
 */
const RESERVATIONS = ['reserved', 'denied', 'local', 'failed'] as const
export type ReservationOutcome = typeof RESERVATIONS[number]

/** Who may serve, and how the paid ones are; all of it as this control plane has seen it. */
export function createProviderMetrics (metrics: Metrics) {
  const configured = metrics.gauge('provider_configured', '1 where a provider has its settings and stands in SPILLWAY_PROVIDER_ORDER.', ['provider'])
  const requests = metrics.counter('upstream_requests_total', 'Mints of paid providers by what became of them; circuit_open and busy were not sent.', ['provider', 'outcome'])
  const duration = metrics.histogram('upstream_request_duration_seconds', 'From the request sent to the reply read, or given up.', ['provider'], DURATION_BUCKETS)
  const state = metrics.gauge('upstream_circuit_state', '1 for the state of the circuit to a paid provider, 0 for the others.', ['provider', 'state'])
  const transitions = metrics.counter('upstream_circuit_transitions_total', 'Times the circuit to a paid provider was opened, opened again, or closed, by the state it came to.', ['provider', 'state'])
  const reservations = metrics.counter('paid_reservations_total', 'Times money was to be set aside for a paid credential; local: out of the allowance while Redis was away; failed: before budgets were read.', ['provider', 'outcome'])

  return {
    /** Once, when it is known which there are: what is configured begins at zero. */
    showConfigured (available: readonly ProviderName[]): void {
      for (const provider of PROVIDERS) configured.set({ provider }, available.includes(provider) ? 1 : 0)
      for (const provider of available.filter(isPaid)) {
        for (const outcome of RESERVATIONS) reservations.begin({ provider, outcome })
        for (const outcome of ['ok', ...FAILURES]) requests.begin({ provider, outcome })
        // half_open is a matter of time: no circuit is ever told to have come to it
        for (const state of ['closed', 'open', 'misconfigured']) transitions.begin({ provider, state })
        duration.begin({ provider })
      }
    },

    /** At each reading. */
    showCircuits (circuits: Circuits): void {
      for (const [provider, view] of circuits) {
        const current = view().state
        for (const one of CIRCUIT_STATES) state.set({ provider, state: one }, one === current ? 1 : 0)
      }
    },

    countReservation: (provider: ProviderName, outcome: ReservationOutcome): void => { reservations.inc({ provider, outcome }) },
    countTransition: (provider: ProviderName, state: CircuitState): void => { transitions.inc({ provider, state }) },
    /** @param durationMs undefined where none was sent */
    countUpstream (provider: ProviderName, outcome: 'ok' | Failure, durationMs: number | undefined): void {
      requests.inc({ provider, outcome })
      if (durationMs !== undefined) duration.observe({ provider }, durationMs / 1000)
    }
  }
}
export type ProviderMetrics = ReturnType<typeof createProviderMetrics>
