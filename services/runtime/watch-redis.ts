import type { Metrics } from './metrics.ts'
import { repeat } from './repeat.ts'

/** Each process has one connection that is asked; the command waits its turn behind those of the process itself, as they do. */
const PING_MS = 1_000
/** From a server on the same machine to the timeout of every command. */
const DURATION_BUCKETS = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2]

/** What is asked of a connection, whoever made it. */
interface Connection {
  readonly status: string
  ping: () => Promise<unknown>
  on: (event: 'ready' | 'reconnecting', listener: () => void) => unknown
}

/** Which server: the `central` one, or the one of the `node`. */
export type RedisName = 'central' | 'node'

/**
 * How a process and its Redis get on. Commands of the process are not timed: one PING a second tells the same and costs no
 * request anything.
 */
export function createRedisMetrics (metrics: Metrics, names: readonly RedisName[]) {
  const up = metrics.gauge('redis_up', '1 while a Redis answers this process. redis: central, or that of the node.', ['redis'])
  const reconnects = metrics.counter('redis_reconnects_total', 'Times a connection to a Redis was made again after it had broken.', ['redis'])
  const durations = metrics.histogram('redis_command_duration_seconds', 'How long a Redis takes to answer, by one PING a second behind whatever commands are under way.', ['redis'], DURATION_BUCKETS)
  const errors = metrics.counter('redis_errors_total', 'Connections to a Redis that failed or broke, and PINGs without an answer.', ['redis'])
  for (const redis of names) {
    up.set({ redis }, 0)
    reconnects.begin({ redis })
    durations.begin({ redis })
    errors.begin({ redis })
  }

  /** @param connection before it is ready for the first time, so that no more than reconnects are counted */
  return (redis: RedisName, connection: Connection): { stop: () => Promise<void> } => {
    const pinging = repeat(PING_MS, async () => {
      const startedMs = performance.now()
      await connection.ping()
      durations.observe({ redis }, (performance.now() - startedMs) / 1000)
      up.set({ redis }, 1)
    }, () => {
      // while it is away each PING fails at once: that its connection broke was counted already
      if (connection.status === 'ready') errors.inc({ redis })
      up.set({ redis }, 0)
    })
    let wasReady = connection.status === 'ready'
    connection.on('ready', () => {
      if (wasReady) reconnects.inc({ redis })
      wasReady = true
      pinging.soon()
    })
    // comes of every one that fails or breaks; an `error` does not come where the server closes it in order
    connection.on('reconnecting', () => { errors.inc({ redis }) })
    return pinging
  }
}
