import type { Kick } from '../domain/kick.ts'
import { userTagOf } from '../domain/turn-credential.ts'
import { findKicked, kickName } from '../policy/kicks.ts'
import type { KickableSession } from '../policy/kicks.ts'
import type { Logger } from '../runtime/logger.ts'
import type { AgentMetrics } from './agent-metrics.ts'
import { cancelAllocations } from './coturn-cli.ts'
import type { CliOptions } from './coturn-cli.ts'

/** coturn ends a session at once and the feed tells of it; one that is still there after this is cancelled once more. */
const AGAIN_MS = 5_000

export interface KickerOptions {
  cli: CliOptions
  /** the boot whose sessions `live` are */
  boot: () => string
  live: () => ReadonlyMap<string, { username: string }>
  /** what launch says runs now */
  readBoot: () => Promise<string | null>
  logger: Logger
  metrics: Pick<AgentMetrics, 'kicked'>
  now: () => number
}

/**
 * Ends the sessions the control plane wants ended, at coturn's CLI, whereupon coturn says their totals. A kick is done
 * once when it is heard of, however this clock goes; from then on new sessions are ended while it lasts.
 */
export function createKicker ({ cli, boot, live, readBoot, logger, metrics, now }: KickerOptions) {
  let kicks: readonly Kick[] = []
  /** kicks heard of and done at least once; another end makes another kick */
  let done = new Set<string>()
  let cancelledAtMs = new Map<string, number>()
  const identify = (kick: Kick): string => `${kickName(kick)} ${kick.untilMs}`

  function * sessions (): Generator<KickableSession> {
    for (const [allocation, { username }] of live()) yield { allocation, userTag: userTagOf(username) }
  }

  return {
    obey (wanted: readonly Kick[] = []): void {
      kicks = wanted
      const still = new Set(wanted.map(identify))
      done = new Set([...done].filter(kick => still.has(kick)))
    },

    /** Called twice a second; without a kick it costs nothing. @throws where coturn or the node's Redis does not answer */
    async kick (): Promise<void> {
      const nowMs = now()
      const ofBoot = boot()
      // the sessions of before have not been read yet
      if (ofBoot === '') return
      const inForce = kicks.filter(kick => nowMs < kick.untilMs || !done.has(identify(kick)))
      if (inForce.length === 0) return
      cancelledAtMs = new Map([...cancelledAtMs].filter(([, atMs]) => nowMs - atMs < AGAIN_MS))
      const due = findKicked(inForce, ofBoot, sessions()).filter(allocation => !cancelledAtMs.has(`${ofBoot}:${allocation}`))
      // numbers begin anew with each coturn: those of the one before must not end calls of the one that runs now
      if (due.length > 0 && !await cancelAllocations(cli, due, async () => await readBoot() === ofBoot)) return
      for (const allocation of due) cancelledAtMs.set(`${ofBoot}:${allocation}`, nowMs)
      for (const kick of inForce) done.add(identify(kick))
      if (due.length === 0) return
      metrics.kicked.inc(due.length)
      logger.info({ sessions: due.length }, 'ended sessions that were kicked')
    }
  }
}
export type Kicker = ReturnType<typeof createKicker>
