import type { Metrics } from '../runtime/metrics.ts'
import { createRedisMetrics } from '../runtime/watch-redis.ts'
import type { Outbox } from './ship-usage.ts'

/** All metrics of a relay-agent. */
export function createAgentMetrics (metrics: Metrics) {
  const events = metrics.counter('agent_events_total', 'Events read from the feed, by what they meant; unproven: traffic under a name coturn has not vouched for.', ['kind'])
  for (const kind of ['session', 'unproven', 'boot', 'stopping', 'nothing']) events.begin({ kind })
  const outboxAge = metrics.gauge('agent_outbox_oldest_age_seconds', 'Age of the oldest batch the ledger has not yet applied; 0 where there is none, absent while not known.')
  return {
    events,
    gaps: metrics.counter('agent_feed_gaps_total', 'Times the feed could not be replayed from where it was left, so that events may be missing.'),
    lost: metrics.counter('agent_lost_sessions_total', 'Sessions that ended without their total.'),
    kicked: metrics.counter('agent_kicked_sessions_total', 'Sessions ended because they or their user were kicked.'),
    feedUp: metrics.gauge('agent_feed_up', '1 while the feed of the node is followed.'),
    relayUp: metrics.gauge('agent_relay_up', '1 while coturn answers on its CLI.'),
    centralUp: metrics.gauge('agent_central_up', '1 while the central Redis takes heartbeats.'),
    admitting: metrics.gauge('agent_admitting', '1 while coturn admits new allocations, 0 while it is drained.'),
    sessions: metrics.gauge('agent_sessions', 'Live allocations, those of probes not counted.'),
    load: metrics.gauge('agent_load_bits_per_second', 'Egress as the sum of the sessions own rates.'),
    outbox: metrics.gauge('agent_outbox_batches', 'Batches the ledger has not yet applied.'),
    /** @param outbox undefined: not looked at yet */
    showOutboxAge (outbox: Outbox | undefined, nowMs: number): void {
      const sinceMs = outbox?.pending === 0 ? nowMs : outbox?.oldestAtMs
      if (sinceMs === undefined) outboxAge.clear()
      else outboxAge.set(Math.max(0, nowMs - sinceMs) / 1000)
    },
    watchRedis: createRedisMetrics(metrics, ['central', 'node'])
  }
}
export type AgentMetrics = ReturnType<typeof createAgentMetrics>
