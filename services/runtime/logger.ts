import { pino } from 'pino'
import type { Logger } from 'pino'

export type { Logger } from 'pino'

/** One JSON line an event, to stdout. Secrets are kept out by not logging what holds them: no headers, bodies, URLs. */
export const createLogger = (service: string, level: string): Logger =>
  pino({ level, base: { service }, timestamp: pino.stdTimeFunctions.isoTime })

/** A connection that is away says so once, not at every attempt to reconnect. */
export function logOutage (logger: Logger, what: string): { readonly away: boolean, failed: (error: Error) => void, recovered: () => void } {
  let away = false
  return {
    get away () { return away },
    failed: error => {
      if (!away) logger.error({ reason: error.message }, `${what} is away`)
      away = true
    },
    recovered: () => {
      if (away) logger.info(`${what} is back`)
      away = false
    }
  }
}
