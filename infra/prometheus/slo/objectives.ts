/** What users may rely on, and how it is measured. Each is a share of good events among all over 30 days. */
export interface Objective {
  /** the label `slo` of what is recorded of it */
  id: string
  /** the name of its alerts */
  alert: string
  /** the share that shall be good, between 0 and 1 */
  target: number
  /** one bad event, in words: "requests answered with a fault of ours" */
  badEventsAre: string
  /** PromQL: events a second over five minutes, as one series without labels; absent where nothing is known */
  events: string
  /** PromQL: those of them that were bad; 0, not absent, where none was */
  badEvents: string
  /** Fewer in a window wake nobody, however few events there were in all. */
  leastBadEvents: number
}

/** A request that waits for a paid provider, well or in vain, is as fast as that is; SpillShareHigh and UpstreamErrors tell of those. */
const PAID = 'sum(rate(spillway_credentials_waited_for_paid_total[5m])) or vector(0)'

/** Of a prober that was cut off in these minutes, and of a node that is drained, a failed probe says nothing. */
const fairProbes = (matcher: string): string =>
  `sum(rate(spillway_probes_total${matcher}[5m]) * on (job, instance) group_left () min_over_time(spillway_probe_vantage_reaches[5m])` +
  ' unless on (node) max by (node) (spillway_node_draining) == 1)'

export const OBJECTIVES: readonly Objective[] = [
  {
    id: 'issuance-availability',
    alert: 'IssuanceAvailabilityBurn',
    target: 0.999,
    badEventsAre: 'credential requests failed by a fault of ours (5xx)',
    // what a caller did wrong is neither good nor bad
    events: 'sum(rate(spillway_credential_requests_total{outcome=~"served|failed"}[5m]))',
    badEvents: 'sum(rate(spillway_credential_requests_total{outcome="failed"}[5m])) or vector(0)',
    leastBadEvents: 5
  },
  {
    id: 'issuance-latency',
    alert: 'IssuanceLatencyBurn',
    target: 0.99,
    badEventsAre: 'credential requests answered later than 50 ms, though no paid provider was waited for',
    events: `sum(rate(spillway_credential_request_duration_seconds_count[5m])) - (${PAID})`,
    badEvents: 'clamp_min(sum(rate(spillway_credential_request_duration_seconds_count[5m]))' +
      ` - sum(rate(spillway_credential_request_duration_seconds_bucket{le="0.05"}[5m])) - (${PAID}), 0)`,
    leastBadEvents: 20
  },
  {
    id: 'relay-reachability',
    alert: 'RelayReachabilityBurn',
    target: 0.999,
    badEventsAre: 'probes that could not relay through a node which should serve',
    events: fairProbes(''),
    badEvents: `${fairProbes('{outcome!="good"}')} or vector(0)`,
    leastBadEvents: 12
  },
  {
    id: 'accounting-lag',
    alert: 'AccountingLagBurn',
    target: 0.995,
    badEventsAre: 'seconds in which usage of a node waited for a minute or more',
    // an event is a second of a node: as many a second as there are nodes
    events: 'count(max by (node) (spillway_usage_lag_seconds))',
    badEvents: 'sum(max by (node) (spillway_usage_lag_seconds) >= bool 60)',
    leastBadEvents: 300
  }
]
