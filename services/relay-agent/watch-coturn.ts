import type { Logger } from '../runtime/logger.ts'
import type { AgentMetrics } from './agent-metrics.ts'
import { readCoturnVersion } from './coturn-cli.ts'
import type { CliOptions } from './coturn-cli.ts'

/** What is held of coturn after a look at it. */
export interface CoturnSight {
  /** null: it does not answer */
  version: string | null
  /** nothing listens where it should: the process is gone, not slow */
  gone: boolean
  /** the last look was in vain: the next shall come soon */
  missed: boolean
}

/** Looks in vain in a row, after which it counts as silent: coturn answers its CLI in the thread that relays, and a busy one may take its time once. */
const SILENT_AFTER = 2

/**
 * Asks coturn for its version. Where nothing listens it is gone at once; one that only does not answer is what it was
 * until the second time in a row. One that has died is told of, in the log, the metric and the heartbeat, and no more: it is
 * launch, under its supervisor, that starts it again.
 */
export function createCoturnWatch ({ cli, logger, metrics }: { cli: CliOptions, logger: Pick<Logger, 'error' | 'info'>, metrics: Pick<AgentMetrics, 'relayUp'> }): () => Promise<CoturnSight> {
  let last: string | null = null
  /** looks that found nobody in a row */
  let misses = 0
  let gone = false

  function miss (error: Error): void {
    misses += 1
    gone = (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'
    if (misses >= SILENT_AFTER || gone) last = null
    // one alone may be a coturn that is just being started, or is slow
    if (misses === SILENT_AFTER) logger.error('coturn does not answer on its CLI: is the supervisor of infra/coturn/launch at work? This agent starts no coturn; it tells the control plane')
  }

  return async () => {
    try {
      last = await readCoturnVersion(cli)
      if (misses >= SILENT_AFTER) logger.info({ version: last }, 'coturn answers again')
      misses = 0
      gone = false
    } catch (error) {
      miss(error as Error)
    }
    metrics.relayUp.set(last === null ? 0 : 1)
    return { version: last, gone, missed: misses > 0 }
  }
}
