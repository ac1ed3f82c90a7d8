import type { Decision } from '../domain/decision.ts'
import { isPaid } from '../domain/provider.ts'
import type { ProviderName } from '../domain/provider.ts'
import { createAppLabels } from '../runtime/app-labels.ts'
import type { Metrics } from '../runtime/metrics.ts'

/** From a bare in-memory answer to a provider that takes its whole deadline. */
const DURATION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
/** Those that hand out credentials: the service that is promised. */
const CREDENTIAL_ROUTES = ['/v1/credentials', '/turn/credentials', '/turn'] as const

const REJECTIONS = ['auth', 'rate_limit', 'quota', 'validation', 'other'] as const
/** `auth`: who asks may not. `other`: nothing is wrong with the request. */
const REJECTION_OF: Record<string, typeof REJECTIONS[number]> = {
  unauthorized: 'auth',
  invalid_token: 'auth',
  token_expired: 'auth',
  app_suspended: 'auth',
  user_kicked: 'auth',
  origin_not_allowed: 'auth',
  secret_key_needed: 'auth',
  rate_limited: 'rate_limit',
  relay_quota: 'quota',
  invalid_request: 'validation',
  malformed_json: 'validation',
  body_too_large: 'validation',
  unsupported_media_type: 'validation',
  region_not_allowed: 'validation'
}

/** What this control plane was asked and what it answered. Counted a thousand times a second, so each count is an addition. */
export function createRequestMetrics (metrics: Metrics) {
  const requests = metrics.counter('http_requests_total', 'Requests answered, of both servers.', ['route', 'method', 'status'])
  const durations = metrics.histogram('credential_request_duration_seconds', 'From the head of a request read to the reply given to the network, of credentials handed out.', ['route'], DURATION_BUCKETS)
  const asked = metrics.counter('credential_requests_total', 'Requests for credentials; refused: an answer of 400 to 499, so the fault of the caller; failed: of 500 and more.', ['outcome'])
  const rejected = metrics.counter('credentials_rejected_total', 'Requests for credentials answered with a problem, by what kind it was of.', ['reason'])
  const issued = metrics.counter('credentials_issued_total', 'Credentials handed out.', ['app', 'provider', 'reason'], { maxSeries: 5_000 })
  const decisions = metrics.counter('decisions_total', 'Credentials by who serves them, why, and what kind of caller asked.', ['provider', 'reason', 'caller'])
  const waitedForPaid = metrics.counter('credentials_waited_for_paid_total', 'Credentials of a paid provider, or of another one after a paid one failed: as slow as that was.')
  const problems = metrics.counter('problems_total', 'Requests answered with a problem, by its code.', ['code'])
  const labelOf = createAppLabels()
  const [served, refused, failed] = ['served', 'refused', 'failed'].map(outcome => asked.series({ outcome })) as [ReturnType<typeof asked.series>, ReturnType<typeof asked.series>, ReturnType<typeof asked.series>]
  for (const reason of REJECTIONS) rejected.begin({ reason })
  const credentialRoutes = new Map(CREDENTIAL_ROUTES.map((route): [string | undefined, ReturnType<typeof durations.series>] => {
    durations.begin({ route })
    return [route, durations.series({ route })]
  }))

  return {
    decisionsDropped: metrics.counter('decisions_dropped_total', 'Records of issued credentials given up because Redis was away for too long.'),

    /** @param route as it is registered */
    countReply (route: string, method: string, status: number, ms: number): void {
      requests.inc({ route, method, status: String(status) })
      const duration = credentialRoutes.get(route)
      if (!duration) return
      if (status < 400) {
        served.inc()
        duration.observe(ms / 1000)
      } else if (status < 500) {
        refused.inc()
      } else {
        failed.inc()
      }
    },

    countIssued: (app: string, provider: string, reason: string): void => { issued.inc({ app: labelOf(app), provider, reason }) },
    countDecision ({ provider, reason, caller, failed }: Pick<Decision, 'provider' | 'reason' | 'caller' | 'failed'>): void {
      decisions.inc({ provider, reason, caller })
      if (isPaid(provider) || failed.some(name => isPaid(name as ProviderName))) waitedForPaid.inc()
    },

    /** @param route as it is registered; undefined where there is none */
    countProblem (route: string | undefined, code: string): void {
      problems.inc({ code })
      if (credentialRoutes.has(route)) rejected.inc({ reason: REJECTION_OF[code] ?? 'other' })
    }
  }
}
