import { readFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import type { Result } from 'ioredis'

export type { Redis } from 'ioredis'

/** A Redis that does not answer within this is treated as away: a request must never hang on it. */
export const COMMAND_TIMEOUT_MS = 2_000
const RECONNECT_MAX_MS = 1_000

/** One script a file; ioredis sends it by its SHA-1 and loads it where the server does not know it yet. */
const script = (name: string, numberOfKeys?: number) => ({
  lua: readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8'),
  ...(numberOfKeys === undefined ? {} : { numberOfKeys })
})

declare module 'ioredis' {
  interface RedisCommander<Context> {
    applyUsage (numberOfKeys: number, ...args: Array<string | number>): Result<Array<string | number>, Context>
    shipUsage (usage: string, applied: string, ...args: Array<string | number>): Result<number, Context>
    waitingUsage (numberOfKeys: number, ...usage: string[]): Result<number[], Context>
    endLostSession (...keysAndArgs: Array<string | number>): Result<number, Context>
    eraseSession (session: string): Result<number, Context>
    foldHour (hourRow: string, dayRow: string, dayIndex: string, ...args: string[]): Result<number, Context>
    replaceDesired (desired: string, before: string, after: string): Result<number, Context>
    commitChange (numberOfKeys: number, ...args: string[]): Result<number, Context>
    takeTokens (numberOfKeys: number, ...args: Array<string | number>): Result<number[], Context>
    reserveSpend (...keysAndArgs: Array<string | number>): Result<string, Context>
    bookPaid (...keysAndArgs: Array<string | number>): Result<number, Context>
    correctSpend (day: string, month: string, ...args: Array<string | number>): Result<string, Context>
    noteRevocable (shard: string, ...args: Array<string | number>): Result<string, Context>
    recordIssued (batches: string, most: number, size: number, lines: Buffer): Result<null, Context>
    eraseDecisions (batches: string, from: number, to: number, userTag: string): Result<number, Context>
  }
}

export interface ConnectOptions {
  url: string
  database?: number
  /** PEM, for `rediss:`: trusted in place of what Node trusts */
  tlsCa?: string | undefined
  /** called on every connection error; without a listener ioredis writes them to stderr itself */
  onError: (error: Error) => void
  /** for a connection that waits in XREAD BLOCK: longer than the wait */
  commandTimeoutMs?: number
}

/**
 * A connection that fails at once while Redis is away (no offline queue, no silent resend: an unknown outcome is the
 * caller's to know) and reconnects by itself for ever. Whoever connects also disconnects.
 */
export function connectRedis ({ url, database, tlsCa, onError, commandTimeoutMs = COMMAND_TIMEOUT_MS }: ConnectOptions): Redis {
  const redis = new Redis(url, {
    ...(database === undefined ? {} : { db: database }),
    ...(url.startsWith('rediss:') && tlsCa !== undefined ? { tls: { ca: tlsCa } } : {}),
    commandTimeout: commandTimeoutMs,
    connectTimeout: COMMAND_TIMEOUT_MS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: attempt => Math.min(50 * 2 ** Math.min(attempt, 6), RECONNECT_MAX_MS),
    scripts: {
      applyUsage: script('apply-usage'),
      shipUsage: script('ship-usage', 2),
      waitingUsage: script('waiting-usage'),
      endLostSession: script('end-lost-session', 7),
      eraseSession: script('erase-session', 1),
      foldHour: script('fold-hour', 3),
      replaceDesired: script('replace-desired', 1),
      commitChange: script('commit-change'),
      takeTokens: script('take-tokens'),
      reserveSpend: script('reserve-spend', 6),
      noteRevocable: script('note-revocable', 1),
      bookPaid: script('book-paid', 8),
      correctSpend: script('correct-spend', 2),
      recordIssued: script('record-issued', 1),
      eraseDecisions: script('erase-decisions', 1)
    }
  })
  redis.on('error', onError)
  return redis
}

/**
 * The answers of a pipeline or a transaction. ioredis resolves both with errors inside; the first of them is thrown here.
 */
export async function answersOf (exec: Promise<Array<[error: Error | null, answer: unknown]> | null>): Promise<unknown[]> {
  return (await exec ?? []).map(([error, answer]) => {
    if (error) throw error
    return answer
  })
}

/** How long a process waits for Redis when it starts; then it runs all the same, and says what is missing. */
export const START_PATIENCE_MS = 3_000

/** Resolves once the connection can take commands, true, or after the deadline, false. */
export async function untilReady (redis: Redis, deadlineMs: number): Promise<boolean> {
  if (redis.status === 'ready') return true
  return await new Promise<boolean>(resolve => {
    const settle = (ready: boolean) => {
      clearTimeout(timer)
      redis.off('ready', onReady)
      resolve(ready)
    }
    const onReady = () => { settle(true) }
    const timer = setTimeout(() => { settle(false) }, deadlineMs)
    redis.on('ready', onReady)
  })
}
