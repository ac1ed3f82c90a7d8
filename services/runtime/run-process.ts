import closeWithGrace from 'close-with-grace'
import { ConfigError } from './load-config.ts'
import type { Logger } from './logger.ts'

/** Named steps of stopping, run in order; the first ones stop taking work, the last ones let go of what it needs. */
export type StopPhases = Array<[name: string, stop: () => unknown]>

/** Longer than any step needs; a second signal ends the process at once (close-with-grace). */
const STOP_TIMEOUT_MS = 10_000

/**
 * Starts a process and sees to its end: a configuration mistake is one clear message and exit 2, a failed start is exit
 * 1, TERM and INT run the phases, and an error nobody caught is logged, stops the process cleanly and exits 1.
 */
export async function runProcess (logger: Logger, start: () => Promise<StopPhases>): Promise<void> {
  try {
    const phases = await start()
    closeWithGrace({ delay: STOP_TIMEOUT_MS, logger: false }, async ({ signal, err }) => {
      if (err) logger.fatal({ err }, 'stopping after an error nobody caught')
      else logger.info({ signal }, 'stopping')
      for (const [name, stop] of phases) {
        try {
          await stop()
        } catch (error) {
          logger.error({ err: error, phase: name }, 'a step of stopping failed')
        }
      }
      logger.info('stopped')
    })
  } catch (error) {
    failStart(logger, error)
  }
}

function failStart (logger: Logger, error: unknown): never {
  const code = (error as NodeJS.ErrnoException).code
  if (error instanceof ConfigError) {
    process.stderr.write(`${error.message}\n`)
    process.exit(2)
  }
  logger.fatal({ err: error }, code === 'EADDRINUSE' ? 'a port is taken: choose another or stop what holds it' : 'could not start')
  process.exit(1)
}
