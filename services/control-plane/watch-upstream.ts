import type { ProviderName } from '../domain/provider.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { CIRCUIT_STATES } from '../upstream/circuit.ts'
import { FAILURES } from '../upstream/upstream-error.ts'
import type { Circuits, WatchUpstream } from './providers/index.ts'

/** From a reply over a kept connection to the whole patience of a request. */
const DURATION_BUCKETS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 2.5]
/** What an operator looks at first. */
const SETTINGS: Partial<Record<ProviderName, string>> = {
  cloudflare: 'CLOUDFLARE_TURN_KEY_ID, CLOUDFLARE_API_TOKEN and CLOUDFLARE_TURN_BASE_URL',
  twilio: 'TWILIO_ACCOUNT_SID, the auth token or API key, and TWILIO_API_BASE_URL; the key must be a standard one, made in region US1'
}

/** Metrics and log lines of what is asked of paid providers. `circuits` is read at each scrape. */
export function createUpstreamWatch (metrics: Metrics, logger: Logger, circuits: () => Circuits): WatchUpstream {
  const requests = metrics.counter('upstream_requests_total', 'Mints of paid providers by what became of them; circuit_open and busy were not sent.', ['provider', 'outcome'])
  const duration = metrics.histogram('upstream_request_duration_seconds', 'From the request sent to the reply read, or given up.', ['provider'], DURATION_BUCKETS)
  metrics.gauge('upstream_circuit_state', '1 for the state of the circuit to a paid provider, 0 for the others.', ['provider', 'state'], gauge => {
    for (const [provider, view] of circuits()) {
      const { state: current } = view()
      for (const state of CIRCUIT_STATES) gauge.set({ provider, state }, state === current ? 1 : 0)
    }
  })

  return provider => {
    for (const outcome of ['ok', ...FAILURES]) requests.inc({ provider, outcome }, 0)
    duration.zero({ provider })
    return {
      onOutcome: (outcome, durationMs, error) => {
        requests.inc({ provider, outcome })
        if (durationMs === undefined) return
        duration.observe({ provider }, durationMs / 1000)
        if (error) logger.warn({ provider, outcome, reason: error.message }, 'a paid provider did not serve')
      },
      onChange: ({ state, retryAtMs, lastFailure }) => {
        const until = retryAtMs === null ? undefined : new Date(retryAtMs).toISOString()
        if (state === 'closed') logger.info({ provider }, 'the paid provider serves again')
        else if (state === 'misconfigured') logger.error({ provider, until }, `the paid provider refuses this account, and is asked once a minute only: check ${SETTINGS[provider]}`)
        else logger.error({ provider, reason: lastFailure?.kind, until }, 'the paid provider is left alone for a while')
      }
    }
  }
}
