type Reasons = ReadonlyArray<readonly [query: string, reason: string]>

/** `<dashboard>/<panel id>/<ref id>`: why it has no series in a demo in which all goes as it should. */
const ALWAYS: Reasons = [
  ['spillway-overview/304/A', 'a budget that is used up is left out of the plan, so that it is rarely asked for; and Redis is never away'],
  ['spillway-cost/505/C', 'a bill is compared with the estimate once its day is over'],
  ['spillway-control-plane/205/A', 'Redis made no error'],
  ['spillway-control-plane/205/B', 'nobody lost Redis'],
  ['spillway-fleet/405/B', 'no node fell silent for as long as the ledger waits; of sessions that died with their coturn the agent told'],
  ['spillway-fleet/405/C', 'no event was missed'],
  ['spillway-fleet/405/D', 'nobody came under a name that was not minted'],
  ['spillway-fleet/409/A', 'the relays of the demo have no certificate']
]

const EVERY_TWO_MINUTES = 'long windows are recorded every two minutes'
const BILLS = 'bills are read every other minute'
const LITTLE_SPILL = 'what spills in so short a time may meet no failure, and what fails may be seen by one scrape only'
const BRIEFLY_DOWN = 'a relay is back within the ten seconds in which a prober comes by twice'

/** The same for a demo of a minute or two, which ends before these come about or may do so. */
const IN_SHORT: Reasons = [
  ...[101, 102, 201, 202, 301, 302, 401, 402].map((panel) => [`spillway-slo/${panel}/A`, EVERY_TWO_MINUTES] as const),
  ...[104, 204, 304, 404].map((panel) => [`spillway-slo/${panel}/D`, EVERY_TWO_MINUTES] as const),
  ['spillway-cost/503/A', BILLS],
  ['spillway-cost/505/A', BILLS],
  ['spillway-cost/505/B', BILLS],
  ['spillway-overview/304/B', LITTLE_SPILL],
  ['spillway-fleet/401/A', BRIEFLY_DOWN],
  ['spillway-fleet/402/A', BRIEFLY_DOWN]
]

/** What may be empty, and why. @param short of a demo too short for some of it */
export const rightlyEmpty = (short: boolean): ReadonlyMap<string, string> => new Map([...ALWAYS, ...short ? IN_SHORT : []])
