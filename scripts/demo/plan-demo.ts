/** What the demo does besides changing the load, as a phase begins. */
export type Deed = 'fail-cloudflare' | 'mend-cloudflare' | 'kill-relay' | 'restart-relay' | 'drain' | 'undrain' | 'use-wrong-key'

export interface Phase {
  name: string
  seconds: number
  /** calls at a time, from the beginning of the phase to its end in a straight line */
  calls: [from: number, to: number]
  deeds: Deed[]
  /** what is to be seen, and where */
  see: string
}

/** From here on most of what the calls bring is told before they end, and what dies with one relay is little beside it. */
export const FULL_SECONDS = 240
/** Shorter than that there is no time to see a relay fill: coturn tells of a call only every ten seconds or so. */
export const LEAST_SECONDS = 60
const SHARES: ReadonlyArray<Omit<Phase, 'seconds'> & { share: number }> = [
  { name: 'calm', share: 0.10, calls: [6, 6], deeds: [], see: 'a few calls, all on own relays; nothing is spent' },
  { name: 'rise', share: 0.18, calls: [6, 26], deeds: ['use-wrong-key'], see: 'calls come; the relays of the region that most of them are in fill first' },
  { name: 'full', share: 0.18, calls: [26, 56], deeds: [], see: 'no node has room for one more: only the excess goes to Cloudflare, and is paid for' },
  { name: 'worse', share: 0.14, calls: [56, 56], deeds: ['fail-cloudflare', 'use-wrong-key'], see: 'Cloudflare fails: its circuit opens, and Twilio serves the excess' },
  { name: 'ebb', share: 0.14, calls: [56, 16], deeds: ['mend-cloudflare', 'drain'], see: 'calls go; node-3 drains: no new calls there, those that run go on' },
  { name: 'loss', share: 0.14, calls: [16, 14], deeds: ['undrain', 'kill-relay'], see: 'the coturn of node-2 is killed: its calls come again on the other nodes' },
  { name: 'recovery', share: 0.12, calls: [14, 20], deeds: ['restart-relay'], see: 'node-2 is back and takes calls again, a few at first' }
]

/** The phases of a demo that takes so long, without start and end. */
export const planDemo = (seconds: number): Phase[] => SHARES.map(({ share, ...phase }) => ({ ...phase, seconds: share * seconds }))
