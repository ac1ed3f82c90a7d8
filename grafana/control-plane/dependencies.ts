import { runbook } from '../kit/links.ts'
import { table, timeSeries } from '../kit/panel-spec.ts'
import type { RowSpec } from '../kit/panel-spec.ts'
import { YES_IS_GOOD } from '../kit/scales.ts'
import { INSTANCE, increase, quantile, rate, select, shared } from '../kit/select.ts'

const third = { width: 8, height: 8 }

export const dependencies: RowSpec = {
  id: 200,
  title: 'Dependencies: paid providers and Redis',
  panels: [
    timeSeries({
      id: 201,
      title: 'Asked of paid providers',
      ...third,
      unit: 'reqps',
      min: 0,
      asks: 'What became of the requests to paid providers? circuit_open and busy were not sent; all but ok went to the next provider in line.',
      queries: [{ expr: `${rate('upstream_requests_total', 'provider, outcome', INSTANCE)} > 0`, legend: '{{provider}}: {{outcome}}' }],
      noValue: 'nothing was asked',
      links: [runbook('UpstreamErrors')]
    }),
    timeSeries({
      id: 202,
      title: 'How long paid providers take',
      ...third,
      unit: 's',
      min: 0,
      lines: true,
      asks: 'How long do 19 of 20 requests to a paid provider take? Every client that spills waits that long; 2.5 s is the end of our patience.',
      queries: [{ expr: quantile(0.95, 'upstream_request_duration_seconds', 'provider', INSTANCE), legend: '{{provider}} p95' }],
      thresholds: [[null, 'green'], [1, 'orange'], [2.5, 'red']]
    }),
    table({
      id: 203,
      title: 'Paid providers',
      ...third,
      unit: 'none',
      asks: 'Which paid providers are configured, and is the circuit to each closed? open: left alone after failures; misconfigured: it refuses the account and is asked once a minute.',
      queries: [
        { expr: shared('provider_configured', 'provider', INSTANCE, 'provider=~"cloudflare|twilio"'), legend: 'configured' },
        { expr: `max by (provider, state) (${select('upstream_circuit_state', INSTANCE)}) == 1`, legend: 'is' },
        { expr: increase('upstream_circuit_transitions_total', 'provider', INSTANCE, 'state="open"'), legend: 'opened' }
      ],
      columns: { provider: 'Provider', configured: 'Configured', state: 'Circuit', opened: 'Opened' },
      overrides: [
        { name: 'Configured', mappings: { 0: { text: 'No', colour: 'text' }, 1: { text: 'Yes', colour: 'green' } } },
        { name: 'Circuit', cell: 'background', mappings: { closed: { text: 'closed', colour: 'green' }, half_open: { text: 'half open', colour: 'orange' }, open: { text: 'open', colour: 'red' }, misconfigured: { text: 'misconfigured', colour: 'red' } } },
        { name: 'Opened', unit: 'short', decimals: 0 }
      ],
      links: [runbook('CircuitOpen')]
    }),
    timeSeries({
      id: 204,
      title: 'Redis latency, p99',
      ...third,
      unit: 's',
      min: 0,
      asks: 'How long does Redis take to answer, by process? Requests do not wait for it, but snapshots, reservations and accounting do.',
      queries: [{ expr: quantile(0.99, 'redis_command_duration_seconds', 'job, redis', INSTANCE), legend: '{{job}} {{redis}}' }],
      links: [runbook('RedisDown')]
    }),
    timeSeries({
      id: 205,
      title: 'Redis errors and reconnects',
      ...third,
      unit: 'cps',
      min: 0,
      noValue: 'none',
      asks: 'Is Redis away, or the way to it broken?',
      queries: [
        { expr: `${rate('redis_errors_total', 'job, redis', INSTANCE)} > 0`, legend: '{{job}} {{redis}} errors' },
        { expr: `${rate('redis_reconnects_total', 'job, redis', INSTANCE)} > 0`, legend: '{{job}} {{redis}} reconnects' }
      ],
      links: [runbook('RedisDown')]
    }),
    table({
      id: 206,
      title: 'Redis, as each process sees it',
      ...third,
      unit: 'none',
      asks: 'Which process is in touch with which Redis? central: the one they all share; node: the one beside each coturn.',
      queries: [{ expr: select('redis_up', INSTANCE), legend: 'up' }],
      columns: { job: 'Job', instance: 'Instance', redis: 'Redis', up: 'Connected' },
      overrides: [{ name: 'Connected', mappings: YES_IS_GOOD, cell: 'background' }],
      links: [runbook('RedisDown')]
    })
  ]
}
