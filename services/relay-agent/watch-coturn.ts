import type { Logger } from '../runtime/logger.ts'
import type { AgentMetrics } from './agent-metrics.ts'
import { readCoturnVersion } from './coturn-cli.ts'
import type { CliOptions } from './coturn-cli.ts'

/**
 * Asks coturn for its version. One that has died is told of, in the log, the metric and the heartbeat, and no more: it is
 * launch, under its supervisor, that starts it again.
 */
export function createCoturnWatch ({ cli, logger, metrics }: { cli: CliOptions, logger: Logger, metrics: Pick<AgentMetrics, 'relayUp'> }): () => Promise<string | null> {
  /** looks that found nobody in a row */
  let missed = 0
  return async () => {
    const version = await readCoturnVersion(cli)
    metrics.relayUp.set(version === null ? 0 : 1)
    missed = version === null ? missed + 1 : missed
    // one alone may be a coturn that is just being started, or is slow
    if (version === null && missed === 2) logger.error('coturn does not answer on its CLI: is the supervisor of infra/coturn/launch at work? This agent starts no coturn, and tells the control plane that it is gone')
    if (version === null) return null
    if (missed >= 2) logger.info({ version }, 'coturn answers again')
    missed = 0
    return version
  }
}
