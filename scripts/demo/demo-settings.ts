import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../live/live-stack.ts'
import { FULL_SECONDS } from './plan-demo.ts'

/** Small enough for one machine with two cores to fill: a call takes four times its rate of a relay, twice in and twice out. */
export const NODES = [{ region: 'eu', capacityMbps: 10 }, { region: 'eu', capacityMbps: 10 }, { region: 'us', capacityMbps: 14 }]

/** What own relays cost whoever runs this demo is not known; so that there is something to see: */
const OWN_PRICES = [
  { provider: 'coturn', region: 'eu', usdPerNodeMonth: '4.90', source: 'made up for the demo', asOf: '2026-11-22' },
  { provider: 'coturn', region: 'us', usdPerNodeMonth: '9.80', source: 'made up for the demo', asOf: '2026-11-22' },
  { provider: 'coturn', region: '*', bills: 'in+out', usdPerGigabyte: '0.01', source: 'made up for the demo', asOf: '2026-11-22' }
]

/**
 * So that what changes in a short while is seen: a node is told full and empty soon, and takes its share again soon. On
 * relays of a dozen calls nearly half is kept free for what is not known, so that they count as saturated from there; and
 * in a short demo most is not known.
 */
export const environmentFor = (seconds: number) => (folder: string): Record<string, string> => {
  const rateCard = join(folder, 'rate-card.json')
  const { prices, ...more } = JSON.parse(readFileSync(join(repository, 'infra/rate-card.json'), 'utf8')) as { prices: object[] }
  writeFileSync(rateCard, JSON.stringify({ ...more, prices: [...prices, ...OWN_PRICES] }))
  return {
    ...seconds < FULL_SECONDS ? { SPILLWAY_POLICY_ENTER: '0.35', SPILLWAY_POLICY_LEAVE: '0.25' } : { SPILLWAY_POLICY_ENTER: '0.55', SPILLWAY_POLICY_LEAVE: '0.4' },
    SPILLWAY_POLICY_DWELL_SECONDS: '10',
    SPILLWAY_POLICY_RAMP_SECONDS: '20',
    SPILLWAY_REGION_NEIGHBOURS: '{"eu":["us"],"us":["eu"]}',
    SPILLWAY_RATE_CARD_FILE: rateCard
  }
}
