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
 * Ends the sessions the control plane wants ended, at coturn's CLI, whereupon coturn says their totals. A kick is in
 * force while the control plane wants it, which takes it back at its end, however this clock goes. Of what it wanted when
 * it was last heard, nobody takes anything back: there this clock says what is over.
 */
export function createKicker ({ cli, boot, live, readBoot, logger, metrics, now }: KickerOptions) {
  let kicks: readonly Kick[] = []
  /** kicks that ended while the control plane could not be heard, and are not begun again with it; another end makes another kick */
  let ended = new Set<string>()
  let cancelledAtMs = new Map<string, number>()
  const identify = (kick: Kick): string => `${kickName(kick)} ${kick.untilMs}`

  function * sessions (): Generator<KickableSession> {
    for (const [allocation, { username }] of live()) yield { allocation, userTag: userTagOf(username) }
  }

  return {
    /** @param isRecalled the control plane cannot be heard: this is what it wanted last */
    obey (wanted: readonly Kick[] = [], isRecalled = false): void {
      const nowMs = now()
      ended = new Set(wanted.filter(kick => ended.has(identify(kick)) || (isRecalled && nowMs >= kick.untilMs)).map(identify))
      kicks = wanted.filter(kick => !ended.has(identify(kick)))
    },

    /** Called twice a second; without a kick it costs nothing. @throws where coturn or the node's Redis does not answer */
    async kick (): Promise<void> {
      const nowMs = now()
      const ofBoot = boot()
      // the sessions of before have not been read yet
      if (ofBoot === '' || kicks.length === 0) return
      cancelledAtMs = new Map([...cancelledAtMs].filter(([, atMs]) => nowMs - atMs < AGAIN_MS))
      const due = findKicked(kicks, ofBoot, sessions()).filter(allocation => !cancelledAtMs.has(`${ofBoot}:${allocation}`))
      // numbers begin anew with each coturn: those of the one before must not end calls of the one that runs now
      if (due.length > 0 && !await cancelAllocations(cli, due, async () => await readBoot() === ofBoot)) return
      for (const allocation of due) cancelledAtMs.set(`${ofBoot}:${allocation}`, nowMs)
      if (due.length === 0) return
      metrics.kicked.inc(due.length)
      logger.info({ sessions: due.length }, 'ended sessions that were kicked')
    }
  }
}
export type Kicker = ReturnType<typeof createKicker>
