import { runbook } from '../kit/links.ts'
import { table, timeSeries } from '../kit/panel-spec.ts'
import type { RowSpec } from '../kit/panel-spec.ts'
import { NODES, quantile, rate, shared } from '../kit/select.ts'

const third = { width: 8, height: 8 }

export const errors: RowSpec = {
  id: 400,
  title: 'Errors: what goes wrong?',
  panels: [
    timeSeries({
      id: 401,
      title: 'Probes that failed',
      ...third,
      unit: 'percentunit',
      min: 0,
      asks: 'Which nodes fail their probes, on which transport, and why? quota or no_ports: full; unauthorized: a secret that differs; timeout and unreachable: the network.',
      queries: [{ expr: `${rate('probes_total', 'node, transport, outcome', ...NODES, 'outcome!="good"')} / on (node, transport) group_left () ${rate('probes_total', 'node, transport', ...NODES)} > 0`, legend: '{{node}} {{transport}}: {{outcome}}' }],
      noValue: 'none failed',
      links: [runbook('NodeDown')]
    }),
    timeSeries({
      id: 402,
      title: 'URLs that are bad',
      ...third,
      unit: 'short',
      decimals: 0,
      min: 0,
      asks: 'Which URLs are left out of replies because probers hold them to be bad, or know nothing of them?',
      queries: [{ expr: `sum by (node, transport, state) (${shared('probe_url_state', 'node, transport, state', ...NODES, 'state!="good"')}) > 0`, legend: '{{node}} {{transport}}: {{state}}' }],
      noValue: 'none',
      links: [runbook('NodeDown')]
    }),
    timeSeries({
      id: 403,
      title: 'How long probes take',
      ...third,
      unit: 's',
      min: 0,
      legend: 'table',
      asks: 'How long does the way through a relay and back take, seen from the probers? What a call feels on top of its own path.',
      queries: [{ expr: shared('probe_latency_seconds', 'node, transport, stage', ...NODES, 'stage="relay"'), legend: '{{node}} {{transport}}' }]
    }),
    timeSeries({
      id: 404,
      title: 'Packets lost in probes',
      ...third,
      unit: 'percentunit',
      min: 0,
      lines: true,
      asks: 'Does a relay lose packets? Above 2 % voice suffers.',
      queries: [{ expr: shared('probe_loss_ratio', 'node, transport', ...NODES), legend: '{{node}} {{transport}}' }],
      thresholds: [[null, 'green'], [0.02, 'orange'], [0.1, 'red']]
    }),
    timeSeries({
      id: 405,
      title: 'Usage lost or dropped',
      ...third,
      unit: 'short',
      decimals: 0,
      min: 0,
      asks: 'Was anything not booked as it should be? Sessions that ended without their total, because coturn died or the node fell silent, events that could not be replayed, rows under names nobody minted.',
      queries: [
        { expr: 'sum by (region) (increase(spillway_relay_sessions_total{job=~"$job", region=~"$region", outcome="lost"}[$__rate_interval])) > 0', legend: '{{region}} sessions lost' },
        { expr: 'sum by (node) (increase(spillway_usage_lost_sessions_total{job=~"$job", node=~"$node"}[$__rate_interval])) > 0', legend: '{{node}} lost as it fell silent' },
        { expr: 'sum by (node) (increase(spillway_usage_gaps_total{job=~"$job", node=~"$node"}[$__rate_interval])) > 0', legend: '{{node}} gaps' },
        { expr: 'sum by (node) (increase(spillway_usage_forged_rows_total{job=~"$job", node=~"$node"}[$__rate_interval])) > 0', legend: '{{node}} forged rows' }
      ],
      noValue: 'nothing',
      links: [runbook('UsageGap')]
    }),
    timeSeries({
      id: 406,
      title: 'Sessions by how they ended',
      ...third,
      unit: 'cps',
      min: 0,
      asks: 'Do sessions end in order? closed: its total was seen; lost: coturn died, or was not heard of for half an hour.',
      queries: [{ expr: rate('relay_sessions_total', 'provider, outcome', 'region=~"$region"'), legend: '{{provider}} {{outcome}}' }]
    }),
    timeSeries({
      id: 407,
      title: 'How long sessions last',
      ...third,
      unit: 's',
      min: 0,
      scale: 'log',
      asks: 'How long are calls? Half of those that ended then were shorter than the first line, all but one of 20 shorter than the second.',
      queries: [
        { expr: quantile(0.5, 'relay_session_duration_seconds', '', 'region=~"$region"'), legend: 'median' },
        { expr: quantile(0.95, 'relay_session_duration_seconds', '', 'region=~"$region"'), legend: 'p95' }
      ]
    }),
    timeSeries({
      id: 408,
      title: 'Clock skew',
      ...third,
      unit: 's',
      lines: true,
      asks: 'Is the clock of a node off? Credentials carry their end as a time: half a minute is still forgiven, minutes are not.',
      queries: [{ expr: shared('node_clock_skew_seconds', 'node', ...NODES), legend: '{{node}}' }],
      thresholds: [[null, 'red'], [-30, 'green'], [30, 'red']],
      links: [runbook('ClockSkew')]
    }),
    table({
      id: 409,
      title: 'Certificates and versions',
      ...third,
      unit: 'none',
      asks: 'When does the TLS certificate of a node expire, and does it run another coturn than most of the fleet?',
      queries: [
        { expr: `${shared('probe_certificate_expiry_timestamp_seconds', 'node, region', ...NODES)} - time()`, legend: 'expires' },
        { expr: shared('node_version_drift', 'node, region, version', ...NODES), legend: 'drift' }
      ],
      columns: { node: 'Node', version: 'coturn', drift: 'Differs', expires: 'Certificate ends in' },
      overrides: [
        { name: 'Differs', mappings: { 0: { text: 'No', colour: 'green' }, 1: { text: 'Yes', colour: 'orange' } } },
        // two weeks: an ACME client that was going to renew it would have
        { name: 'Certificate ends in', unit: 's', decimals: 0, thresholds: [[null, 'red'], [1209600, 'green']] }
      ],
      links: [runbook('CertificateExpiresSoon')]
    })
  ]
}
