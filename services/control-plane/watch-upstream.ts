import type { ProviderName } from '../domain/provider.ts'
import type { Logger } from '../runtime/logger.ts'
import type { ProviderMetrics } from './provider-metrics.ts'
import type { WatchUpstream } from './providers/index.ts'

/** What an operator looks at first. */
const SETTINGS: Partial<Record<ProviderName, string>> = {
  cloudflare: 'CLOUDFLARE_TURN_KEY_ID, CLOUDFLARE_API_TOKEN and CLOUDFLARE_TURN_BASE_URL',
  twilio: 'TWILIO_ACCOUNT_SID, the auth token or API key, and TWILIO_API_BASE_URL; the key must be a standard one, made in region US1'
}

/** Counts and log lines of what is asked of paid providers. */
export function createUpstreamWatch (metrics: ProviderMetrics, logger: Logger): WatchUpstream {
  return provider => ({
    onOutcome: (outcome, durationMs, error) => {
      metrics.countUpstream(provider, outcome, durationMs)
      if (durationMs !== undefined && error) logger.warn({ provider, outcome, reason: error.message }, 'a paid provider did not serve')
    },
    onChange: ({ state, retryAtMs, lastFailure }) => {
      metrics.countTransition(provider, state)
      const until = retryAtMs === null ? undefined : new Date(retryAtMs).toISOString()
      if (state === 'closed') logger.info({ provider }, 'the paid provider serves again')
      else if (state === 'misconfigured') logger.error({ provider, until }, `the paid provider refuses this account, and is asked once a minute only: check ${SETTINGS[provider]}`)
      else logger.error({ provider, reason: lastFailure?.kind, until }, 'the paid provider is left alone for a while')
    }
  })
}
