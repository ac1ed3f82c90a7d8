import type { Logger } from '../runtime/logger.ts'
import { announceDrained, readBoot } from '../store/agent-state.ts'
import type { Redis } from '../store/connect.ts'
import type { CliOptions } from './coturn-cli.ts'
import { endAllSessions } from './end-sessions.ts'
import type { Obeyer } from './obey-desired.ts'

export interface StopRelayOptions {
  cli: CliOptions
  nodeRedis: Redis
  obeyer: Obeyer
  logger: Logger
  runningBoot: () => string
  openSessions: () => number
  /** whether all that was folded is saved */
  save: () => Promise<boolean>
  onClosed: () => void
  now: () => number
}

/** Does launch's wish to stop coturn without losing a byte: no new allocations, all sessions ended, their totals saved. */
export function createRelayStopper (options: StopRelayOptions) {
  const { nodeRedis, obeyer, logger } = options
  /** the boot whose sessions are being ended or have been; launch repeats its wish until it is done */
  let ending: string | undefined
  let work: Promise<void> = Promise.resolve()

  async function stopRelay (boot: string): Promise<void> {
    // a wish of the past, heard in a replay, must not end the calls of the coturn that runs now
    const isStillRunning = async () => options.runningBoot() === boot && await readBoot(nodeRedis) === boot
    try {
      if (!await isStillRunning()) return
      await obeyer.close()
      options.onClosed()
      const complete = await endAllSessions({ ...options, isStillRunning })
      if (complete) await announceDrained(nodeRedis, boot)
      logger.info({ boot, complete }, 'ended all sessions, for coturn is being stopped')
    } catch (error) {
      logger.warn({ boot, reason: (error as Error).message }, 'coturn stopped before its sessions could be ended')
    } finally {
      if (!await isStillRunning().catch(() => false)) obeyer.reopen()
    }
  }

  return {
    stop: (boot: string): void => {
      if (ending === boot) return
      ending = boot
      work = stopRelay(boot)
    },
    /** resolves when no wish is being done */
    idle: async (): Promise<void> => { await work }
  }
}
