import { hasSessionCap } from '../policy/check-caps.ts'
import type { App } from '../domain/app.ts'
import type { Decision } from '../domain/decision.ts'
import { credentialName, reservation, RESERVATION_MS } from '../domain/relay-use.ts'
import { LineBatches } from '../runtime/line-batches.ts'
import { repeat } from '../runtime/repeat.ts'
import type { Redis } from '../store/connect.ts'
import { writeIssued } from '../store/decisions.ts'
import type { Reserved } from '../store/decisions.ts'

/** Other replicas learn of places taken this soon, and of nothing else here. */
const FLUSH_MS = 200
/** Records kept for a Redis that is away, about 10 MB; then the oldest are dropped, and counted. */
const MAX_WAITING = 20_000
/** Records a script: it holds up Redis, and a request here, for a millisecond at most. */
const RECORDS_A_SCRIPT = 250
/** For so many records of 300 to 500 bytes each. */
const BYTES_A_SCRIPT = 128 * 1024
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

/** Keeps what was issued and flushes it to Redis behind the replies. */
export function createIssuedRecorder ({ redis, replica, now, onDropped, onError }: RecorderOptions) {
  let issues = 0
  /** the JSON of one decision a line */
  const waiting = new LineBatches({ linesABatch: RECORDS_A_SCRIPT, bytesABatch: BYTES_A_SCRIPT })
  const keysTold = new Map<string, number>()
  const keysUsed = new Map<string, number>()
  /** app -> place -> when it was taken, in ms */
  const places = new Map<string, Map<string, number>>()
  let untold: Reserved[] = []

  async function flush (): Promise<void> {
    // a place nobody could be told of in time is none any more
    const oldestMs = now() - RESERVATION_MS
    dropOld(places, oldestMs)
    untold = untold.filter(({ atMs }) => atMs > oldestMs)
    // what comes meanwhile goes with the next turn: else a busy replica would send a script for every few records
    const scripts = Math.max(waiting.batches, Math.ceil(untold.length / RECORDS_A_SCRIPT), Math.min(keysUsed.size, 1))
    for (let sent = 0; sent < scripts; sent++) await waiting.sendFirst(tell)
  }

  async function tell (decisions: Buffer | undefined): Promise<void> {
    const [reserved, used] = [untold.slice(0, RECORDS_A_SCRIPT), new Map(keysUsed)]
    untold = untold.slice(reserved.length)
    keysUsed.clear()
    try {
      await writeIssued(redis, { decisions, reserved, keysUsed: used })
    } catch (error) {
      untold = [...reserved, ...untold]
      for (const [key, atMs] of used) keysUsed.set(key, atMs)
      throw error
    }
  }
  const flushing = repeat(FLUSH_MS, flush, onError)

  return {
    record (app: App, decision: Decision): void {
      // as many as one script takes do not wait for more
      if (waiting.add(JSON.stringify(decision))) flushing.soon()
      if (waiting.size > MAX_WAITING) onDropped(waiting.dropOldest())
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

function dropOld (places: Map<string, Map<string, number>>, untilMs: number): void {
  for (const [app, own] of places) {
    for (const [place, atMs] of own) if (atMs <= untilMs) own.delete(place)
    if (own.size === 0) places.delete(app)
  }
}
