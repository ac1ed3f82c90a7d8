/** `<dashboard>/<panel id>/<ref id>`: why it has no series in a demo in which all goes as it should. */
export const RIGHTLY_EMPTY: ReadonlyMap<string, string> = new Map([
  ['spillway-fleet/405/A', 'no node fell silent for as long as the ledger waits; of sessions that died with their coturn the agent told'],
  ['spillway-fleet/405/B', 'no event was missed'],
  ['spillway-fleet/405/C', 'nobody came under a name that was not minted'],
  ['spillway-fleet/409/A', 'the relays of the demo have no certificate']
])
