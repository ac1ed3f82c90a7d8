import { table, timeSeries } from '../kit/panel-spec.ts'
import type { RowSpec } from '../kit/panel-spec.ts'
import { YES_IS_GOOD } from '../kit/scales.ts'
import { rate, select } from '../kit/select.ts'

const third = { width: 8, height: 7 }
const yesNo = (name: string) => ({ name, mappings: YES_IS_GOOD, cell: 'background' as const })

/** What only agents know, and only where Prometheus reaches them: all else is there without. */
export const agents: RowSpec = {
  id: 500,
  title: 'Agents, where Prometheus reaches them',
  panels: [
    table({
      id: 501,
      title: 'What agents see',
      width: 24,
      height: 7,
      unit: 'none',
      asks: 'Is each agent in touch with its feed, its coturn and the central Redis, and how old is what it could not deliver yet?',
      queries: [
        { expr: select('agent_feed_up'), legend: 'feed' },
        { expr: select('agent_relay_up'), legend: 'relay' },
        { expr: select('agent_central_up'), legend: 'central' },
        { expr: select('agent_admitting'), legend: 'admitting' },
        { expr: select('agent_sessions'), legend: 'sessions' },
        { expr: select('agent_load_bits_per_second'), legend: 'load' },
        { expr: select('agent_outbox_batches'), legend: 'outbox' },
        { expr: select('agent_outbox_oldest_age_seconds'), legend: 'oldest' }
      ],
      columns: { instance: 'Agent', feed: 'Feed', relay: 'coturn', central: 'Central Redis', admitting: 'Admits', sessions: 'Sessions', load: 'Relays', outbox: 'Outbox', oldest: 'Oldest' },
      overrides: [
        yesNo('Feed'), yesNo('coturn'), yesNo('Central Redis'), { name: 'Admits', mappings: YES_IS_GOOD },
        { name: 'Sessions', unit: 'short', decimals: 0 }, { name: 'Relays', unit: 'bps' }, { name: 'Outbox', unit: 'short', decimals: 0 },
        // a batch stays for a minute after it was applied, for a central Redis that lost its last seconds
        { name: 'Oldest', unit: 's', decimals: 0, thresholds: [[null, 'green'], [120, 'orange'], [600, 'red']], cell: 'background' }
      ]
    }),
    timeSeries({
      id: 502,
      title: 'Events read',
      ...third,
      unit: 'cps',
      min: 0,
      asks: 'What do agents read from coturn? unproven: traffic under a name coturn has not vouched for; much of it is somebody who guesses names.',
      queries: [{ expr: rate('agent_events_total', 'kind'), legend: '{{kind}}' }]
    }),
    timeSeries({
      id: 503,
      title: 'Lost, kicked, gaps',
      ...third,
      unit: 'cps',
      min: 0,
      asks: 'What did agents lose or end? gaps: the feed could not be replayed; kicked: ended because an operator wanted it.',
      queries: [
        { expr: rate('agent_lost_sessions_total', ''), legend: 'lost' },
        { expr: rate('agent_kicked_sessions_total', ''), legend: 'kicked' },
        { expr: rate('agent_feed_gaps_total', ''), legend: 'gaps' }
      ]
    }),
    timeSeries({
      id: 504,
      title: 'Gaps the agents have counted',
      ...third,
      unit: 'short',
      decimals: 0,
      min: 0,
      asks: 'How often was the feed of a node broken so that events may be missing, since its agent was set up? As heartbeats tell it, agents that are not scraped too.',
      queries: [{ expr: 'max by (node) (spillway_node_feed_gaps{job=~"$job", region=~"$region", node=~"$node"})', legend: '{{node}}' }]
    })
  ]
}
