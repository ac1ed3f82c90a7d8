import { hasSessionCap } from '../policy/check-caps.ts'
import type { App } from '../domain/app.ts'
import type { Decision } from '../domain/decision.ts'
import { credentialName, reservation, RESERVATION_MS } from '../domain/relay-use.ts'
import { repeat } from '../runtime/repeat.ts'
import type { Redis } from '../store/connect.ts'
import { spellDecisions, writeDecisions, writeUse } from '../store/decisions.ts'
import type { Reserved } from '../store/decisions.ts'

/** Other replicas learn of places taken this soon, and of nothing else here. */
const FLUSH_MS = 200
/** Records kept for a Redis that is away, about 10 MB; then the oldest are dropped, and counted. */
const MAX_WAITING = 20_000
/** Records spelled at a time: in a row each takes a third of what it takes between two requests, and no request waits for long. */
const SPELLED_AT_ONCE = 16
/** Records a script: what it costs is shared by so many, and it holds up Redis, and whoever else asks it, for a tenth of a millisecond. */
const RECORDS_A_SCRIPT = 128
/** Of a script: 128 of the longest records, 480 bytes each. What comes to more at once has a buffer of its own. */
const BYTES_A_SCRIPT = 64 * 1024
/** On their way at a time, so that a Redis which is far away keeps up all the same. */
const SCRIPTS_AT_ONCE = 8
/** Places told at a time. */
const PLACES_A_TURN = 100
/** When a key was last used is kept to the minute. */
const KEY_USE_MS = 60_000

export interface RecorderOptions {
  redis: Redis
  /** the name of this control plane among others */
  replica: string
  now: () => number
  onDropped: (count: number) => void
  onError: (error: Error) => void
}

/**
 * What one script takes, the JSON of a record a line. In bytes outside of the heap, and these used again: strings of this
 * size outlive a collection of garbage while Redis is waited for, and made each of them last some milliseconds.
 */
interface Batch {
  bytes: Buffer
  /** of these, written */
  length: number
  size: number
}

/** Keeps what was issued and flushes it to Redis behind the replies. */
export function createIssuedRecorder ({ redis, replica, now, onDropped, onError }: RecorderOptions) {
  let issues = 0
  /** not spelled yet */
  let fresh: Decision[] = []
  /** the oldest first; the last one may have room */
  const waiting: Batch[] = []
  /** so many of the first of them are on their way */
  let sending = 0
  /** at hand for the next batches */
  const spare: Buffer[] = []
  const keysTold = new Map<string, number>()
  const keysUsed = new Map<string, number>()
  /** app -> place -> when it was taken, in ms */
  const places = new Map<string, Map<string, number>>()
  let untold: Reserved[] = []

  function spell (): void {
    if (fresh.length === 0) return
    const lines = spellDecisions(fresh)
    const batch = batchFor(Buffer.byteLength(lines))
    batch.length += batch.bytes.write(lines, batch.length)
    batch.size += fresh.length
    fresh = []
    while (countRecords(waiting) > MAX_WAITING) {
      const dropped = waiting.splice(sending, 1)
      onDropped(countRecords(dropped))
      dropped.forEach(recycle)
    }
  }

  /** The last one, or one more. */
  function batchFor (length: number): Batch {
    const last = waiting.length > sending ? waiting.at(-1) : undefined
    if (last !== undefined && last.size < RECORDS_A_SCRIPT && last.length + length <= last.bytes.length) return last
    const bytes = length > BYTES_A_SCRIPT ? Buffer.alloc(length) : spare.pop() ?? Buffer.alloc(BYTES_A_SCRIPT)
    const batch = { bytes, length: 0, size: 0 }
    waiting.push(batch)
    return batch
  }

  function recycle ({ bytes }: Batch): void {
    if (bytes.length === BYTES_A_SCRIPT && spare.length < SCRIPTS_AT_ONCE) spare.push(bytes)
  }

  async function flush (): Promise<void> {
    spell()
    // each for itself: what keeps one from being told does not hold up the other
    throwFirst(await Promise.allSettled([tellRecords(), tellUse()]))
  }

  async function tellRecords (): Promise<void> {
    // what comes meanwhile goes with the next turn: else a busy replica would send a script for every few records
    const turns = Math.ceil(waiting.length / SCRIPTS_AT_ONCE)
    for (let turn = 0; turn < turns; turn++) {
      const batches = waiting.slice(0, SCRIPTS_AT_ONCE)
      sending = batches.length
      const outcomes = await Promise.allSettled(batches.map(({ bytes, length, size }) => writeDecisions(redis, bytes.subarray(0, length), size)))
      sending = 0
      const failed = batches.filter((_, at) => outcomes[at]?.status === 'rejected')
      // these stay the first
      waiting.splice(0, batches.length, ...failed)
      batches.filter(batch => !failed.includes(batch)).forEach(recycle)
      throwFirst(outcomes)
    }
  }

  async function tellUse (): Promise<void> {
    // a place nobody could be told of in time is none any more
    const oldestMs = now() - RESERVATION_MS
    dropOld(places, oldestMs)
    untold = untold.filter(({ atMs }) => atMs > oldestMs)
    const turns = Math.max(Math.ceil(untold.length / PLACES_A_TURN), Math.min(keysUsed.size, 1))
    for (let turn = 0; turn < turns; turn++) {
      const [reserved, used] = [untold.slice(0, PLACES_A_TURN), new Map(keysUsed)]
      untold = untold.slice(reserved.length)
      keysUsed.clear()
      try {
        await writeUse(redis, reserved, used)
      } catch (error) {
        untold = [...reserved, ...untold]
        for (const [key, atMs] of used) keysUsed.set(key, atMs)
        throw error
      }
    }
  }
  const flushing = repeat(FLUSH_MS, flush, onError)

  return {
    record (app: App, decision: Decision): void {
      fresh.push(decision)
      if (fresh.length >= SPELLED_AT_ONCE) {
        spell()
        // what one script takes does not wait for more
        if (waiting.length > sending + 1 || (waiting[sending]?.size ?? 0) >= RECORDS_A_SCRIPT) flushing.soon()
      }
      if (decision.provider !== 'coturn' || !hasSessionCap(app.relayCaps)) return
      issues += 1
      const place = reservation(credentialName(decision.userTag, decision.expiresAtSeconds), `${replica}${issues}`)
      const own = places.get(app.id) ?? new Map<string, number>()
      places.set(app.id, own.set(place, decision.atMs))
      untold.push({ app: app.id, place, atMs: decision.atMs })
    },

    useKey (id: string, nowMs: number): void {
      if (nowMs - (keysTold.get(id) ?? 0) < KEY_USE_MS) return
      keysTold.set(id, nowMs)
      keysUsed.set(id, nowMs)
    },

    /** Places this replica has given away, whether the others know of them yet or not. */
    placesOf: (app: string): Iterable<string> => places.get(app)?.keys() ?? [],

    /** What waits is told before the process ends, if Redis is there. */
    stop: async (): Promise<void> => {
      await flushing.stop()
      await flush().catch(onError)
    }
  }
}
export type IssuedRecorder = ReturnType<typeof createIssuedRecorder>

const countRecords = (batches: readonly Batch[]): number => batches.reduce((sum, { size }) => sum + size, 0)

function throwFirst (outcomes: ReadonlyArray<PromiseSettledResult<unknown>>): void {
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}

function dropOld (places: Map<string, Map<string, number>>, untilMs: number): void {
  for (const [app, own] of places) {
    for (const [place, atMs] of own) if (atMs <= untilMs) own.delete(place)
    if (own.size === 0) places.delete(app)
  }
}
