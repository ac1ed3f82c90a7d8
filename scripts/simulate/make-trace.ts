import type { Call } from './trace.ts'

const DAY_SECONDS = 86_400
const MEAN_CALL_SECONDS = 480

/** mulberry32, a small generator that is the same everywhere: a seed names a trace. */
export function createRandom (seed: number): () => number {
  let state = (seed * 0x9E3779B1) >>> 0
  return () => {
    state = (state + 0x6D2B79F5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export interface Shape {
  seconds: number
  regions: readonly string[]
  /** offered load of relayed calls in a region at a time, as a share of what the region can carry */
  offered: (seconds: number, region: number) => number
  /** the largest that `offered` becomes */
  most: number
}

const hill = (seconds: number, peakSeconds: number): number => (1 + Math.cos(2 * Math.PI * (seconds - peakSeconds) / DAY_SECONDS)) / 2

/** The four that the policy is measured on. */
export const SHAPES: Record<string, Shape> = {
  day: { seconds: DAY_SECONDS, regions: ['eu'], offered: seconds => 0.2 + 1.4 * hill(seconds, DAY_SECONDS / 2), most: 1.6 },
  flash: {
    seconds: 4_200,
    regions: ['eu'],
    offered: seconds => seconds < 1_800 ? 0.2 : seconds < 1_860 ? 0.2 + 2.8 * (seconds - 1_800) / 60 : seconds < 2_460 ? 3 : 0.2,
    most: 3
  },
  regions: { seconds: DAY_SECONDS, regions: ['eu', 'us', 'ap'], offered: (seconds, region) => 0.2 + 1.4 * hill(seconds, DAY_SECONDS * (region + 1) / 4), most: 1.6 },
  sawtooth: { seconds: 14_400, regions: ['eu'], offered: seconds => 0.3 + 1.2 * (seconds % 1_800) / 1_800, most: 1.5 }
}

export interface TraceOptions {
  shape: Shape
  seed: number
  /** of all nodes of one region together */
  regionMegabits: number
  /** share of credentials whose media is relayed */
  relayedShare?: number
}

/**
 * Calls that come as they do in life, independent of each other (a Poisson process): their offered load, rate of arrival
 * times mean duration times mean bits, follows the shape. Two to four people a room, audio, video and screens mixed.
 */
export function makeTrace ({ shape, seed, regionMegabits, relayedShare = 0.2 }: TraceOptions): Call[] {
  const random = createRandom(seed)
  const exponential = (mean: number): number => -mean * Math.log(1 - random())
  const calls: Call[] = []
  for (const [index, region] of shape.regions.entries()) {
    // thinning (Lewis, Shedler 1979): drawn at the highest rate, and kept by the share of it that holds now
    const highest = shape.most * regionMegabits / (MEAN_MEGABITS * MEAN_CALL_SECONDS) / relayedShare / MEAN_ROOM
    for (let at = exponential(1 / highest); at < shape.seconds; at += exponential(1 / highest)) {
      if (random() > shape.offered(at, index) / shape.most) continue
      const room = `${region}-${calls.length}`
      const durationSeconds = exponential(MEAN_CALL_SECONDS)
      const [megabits = 0] = pick(random)
      for (let people = 2 + Math.floor(random() * 3); people > 0; people--) {
        const own = megabits * (0.7 + 0.6 * random())
        calls.push({ startSeconds: at + random() * 3, durationSeconds, megabitsUp: own / 2, megabitsDown: own / 2, megabits: own, region, room, relayed: random() < relayedShare })
      }
    }
  }
  return calls.sort((a, b) => a.startSeconds - b.startSeconds)
}

const MEAN_ROOM = 3
/** Megabits per second through the relay and how often: audio alone, a small picture, a large one, a shared screen. */
const KINDS: ReadonlyArray<readonly [megabits: number, share: number]> = [[0.1, 0.25], [1, 0.4], [2.5, 0.25], [4, 0.1]]
const MEAN_MEGABITS = KINDS.reduce((sum, [megabits, share]) => sum + megabits * share, 0)

function pick (random: () => number): readonly [number, number] {
  let left = random()
  for (const kind of KINDS) {
    left -= kind[1]
    if (left < 0) return kind
  }
  return KINDS[0] as readonly [number, number]
}
