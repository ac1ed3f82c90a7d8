/** The user tag in a TURN username, by which the ledger lists a session. */
export const tagOf = (username: string): string => username.split(':')[1]?.split('.')[1] ?? ''

/** Of one session on its client side, as the ledger names them. */
export interface Counts { packetsIn: number, bytesIn: number, packetsOut: number, bytesOut: number }

export const sum = (counts: readonly Counts[]): Counts => counts.reduce((total, { packetsIn, bytesIn, packetsOut, bytesOut }) => ({
  packetsIn: total.packetsIn + packetsIn,
  bytesIn: total.bytesIn + bytesIn,
  packetsOut: total.packetsOut + packetsOut,
  bytesOut: total.bytesOut + bytesOut
}), { packetsIn: 0, bytesIn: 0, packetsOut: 0, bytesOut: 0 })
