import closeWithGrace from 'close-with-grace'
import type { Static, TObject, TProperties } from 'typebox'
import { OperatorMistake } from '../domain/operator-mistake.ts'
import { ConfigError, loadConfig } from './load-config.ts'
import type { AlsoCheck, Environment } from './load-config.ts'
import { createLogger } from './logger.ts'
import type { Logger } from './logger.ts'

/** Named steps of stopping, run in order; the first ones stop taking work, the last ones let go of what it needs. */
export type StopPhases = Array<[name: string, stop: () => unknown]>

export interface ProcessDescription<T extends TProperties> {
  name: string
  schema: TObject<T & { SPILLWAY_LOG_LEVEL: TProperties[string] }>
  alsoCheck?: AlsoCheck<T>
  /** `fail` ends the process for an error that comes up later and that it must not run with */
  start: (context: { config: Static<TObject<T>>, logger: Logger, fail: (error: Error) => void }) => Promise<StopPhases>
}

/** Longer than any step needs; a second signal ends the process at once (close-with-grace). */
const STOP_TIMEOUT_MS = 10_000

/**
 * Runs a process from its configuration to its end. Configuration mistakes are one message, before anything starts, and
 * exit 2; a failed start is exit 1; TERM and INT run the phases; an error nobody caught is logged, stops the process
 * cleanly and exits 1.
 */
export async function runProcess<T extends TProperties> ({ name, schema, alsoCheck, start }: ProcessDescription<T>, environment: Environment): Promise<void> {
  let config: Static<TObject<T>>
  try {
    config = loadConfig<T>(schema, environment, alsoCheck)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${name}: ${error.message}\n`)
    process.exit(2)
  }
  let failed = false
  const fail = (error: Error): void => {
    // a second one would end the process before its phases have run
    if (!failed) setImmediate(() => { throw error })
    failed = true
  }
  const logger = createLogger(name, String((config as Record<string, unknown>).SPILLWAY_LOG_LEVEL))
  try {
    const phases = await start({ config, logger, fail })
    closeWithGrace({ delay: STOP_TIMEOUT_MS, logger: false }, async ({ signal, err }) => {
      if (err instanceof OperatorMistake) logger.fatal(err.message)
      else if (err) logger.fatal({ err }, 'stopping after an error nobody caught')
      else logger.info({ signal }, 'stopping')
      for (const [phase, stop] of phases) {
        try {
          await stop()
        } catch (error) {
          logger.error({ err: error, phase }, 'a step of stopping failed')
        }
      }
      logger.info('stopped')
    })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (error instanceof OperatorMistake) logger.fatal(error.message)
    else logger.fatal({ err: error }, code === 'EADDRINUSE' ? 'a port is taken: choose another or stop what holds it' : 'could not start')
    process.exit(1)
  }
}
