import { schedule } from 'node-cron'
import type { Logger } from '../runtime/logger.ts'
import type { Redis } from '../store/connect.ts'
import { MAX_ALLOCATION_LIFETIME_MS } from '../domain/session.ts'
import { DAY_MS, dayOf, KEEP_DAYS_DAYS, KEEP_HOURS_DAYS } from '../domain/usage.ts'
import { claimJobRun } from '../store/job-runs.ts'
import { deleteDay, foldDay, LOST_SESSION_TTL_SECONDS, readLedgerDays } from '../store/usage-ledger.ts'
import { listErasures, settleErasure } from '../store/erasures.ts'
import { eraseFromRelayUse } from '../store/relay-use.ts'
import { endLostSession, eraseFromSessions, forgetEndedBefore, listSilent } from '../store/session-records.ts'
import type { LedgerMetrics } from './ledger-metrics.ts'
import type { PriceList } from './price-list.ts'

/** Twice what a live session can be silent for, and ten minutes for a slow way here. */
export const SILENCE_MS = 2 * MAX_ALLOCATION_LIFETIME_MS + 600_000
const SESSIONS_A_STEP = 500

export interface JobContext {
  redis: Redis
  metrics: LedgerMetrics
  logger: Logger
  prices: PriceList
}

/** Closes sessions of nodes that went silent, at what is known of them. */
export async function endLostSessions ({ redis, metrics, logger, prices }: JobContext, nowMs: number): Promise<void> {
  const silentSinceMs = nowMs - SILENCE_MS
  for (;;) {
    const silent = await listSilent(redis, silentSinceMs, SESSIONS_A_STEP)
    let ended = 0
    for (const session of silent) {
      if (!await endLostSession(redis, session, silentSinceMs, nowMs, prices.versionOf(session.provider, session.region))) continue
      ended += 1
      metrics.countLost(session)
    }
    if (ended > 0) logger.warn({ sessions: ended }, 'closed sessions as lost: their node has been silent')
    if (silent.length < SESSIONS_A_STEP || ended === 0) return
  }
}

/** retain: folds old hours into days, deletes what is older than anyone looks. */
export async function retain ({ redis, logger }: JobContext, nowMs: number): Promise<void> {
  const lastKeptHour = dayOf(nowMs - KEEP_HOURS_DAYS * DAY_MS)
  const lastKeptDay = dayOf(nowMs - KEEP_DAYS_DAYS * DAY_MS)
  for (const day of await readLedgerDays(redis, '00000000', lastKeptHour)) {
    if (day >= lastKeptHour) continue
    if (day < lastKeptDay) {
      await deleteDay(redis, day)
      logger.info({ day }, 'deleted a day of usage past its retention')
    } else {
      const rows = await foldDay(redis, day)
      if (rows > 0) logger.info({ day, rows }, 'folded the hours of a day')
    }
  }
  await forgetEndedBefore(redis, nowMs - LOST_SESSION_TTL_SECONDS * 1000)
}

/** A control plane looks for decisions once more five seconds after it was asked, so a wish stands for longer. */
const ERASURE_STANDS_MS = 10_000

/** Forgets the users an operator wants forgotten; one whose call goes on is forgotten once that has ended. */
export async function eraseUsers ({ redis, logger }: JobContext, nowMs: number): Promise<void> {
  for (const { userTag, askedAtMs } of await listErasures(redis)) {
    const open = await eraseFromSessions(redis, userTag)
    await eraseFromRelayUse(redis, userTag, nowMs)
    if (open > 0 || nowMs - askedAtMs < ERASURE_STANDS_MS) continue
    await settleErasure(redis, userTag)
    logger.info('forgot a user')
  }
}

export interface Job {
  name: string
  /** as node-cron reads it, in UTC */
  expression: string
  work: (context: JobContext, nowMs: number) => Promise<void>
  /** another process runs it now: what this one shows of it is old */
  elsewhere?: (context: JobContext) => void
}

export const JOBS: readonly Job[] = [
  { name: 'end-lost-sessions', expression: '* * * * *', work: endLostSessions },
  { name: 'erase-users', expression: '*/5 * * * * *', work: eraseUsers },
  { name: 'retain', expression: '17 * * * *', work: retain }
]

/** The jobs on their schedule. Every ledger has the schedule; Redis lets one of them run each firing. */
export function scheduleJobs (context: JobContext, jobs = JOBS) {
  const { redis, metrics, logger } = context
  const coordinate = ({ name: task, elsewhere }: Job) => {
    let missed = 0
    return {
      shouldRun: async (key: string, ttlMs: number) => {
        try {
          const isOurs = await claimJobRun(redis, key, ttlMs)
          metrics.leader.set({ task }, isOurs ? 1 : 0)
          missed = isOurs ? 0 : missed + 1
          // by the second time whoever took over has results to show; at the first an alert would see none at all
          if (missed > 1) elsewhere?.(context)
          return isOurs
        } catch {
          return false
        }
      }
    }
  }
  for (const { name } of jobs) metrics.expectJob(name)
  const tasks = jobs.map(job => {
    const { name, expression, work } = job
    return schedule(expression, async () => {
      try {
        await work(context, Date.now())
        metrics.jobs.set({ task: name }, Date.now() / 1000)
      } catch (error) {
        metrics.failures.inc({ task: name })
        logger.error({ job: name, reason: (error as Error).message }, 'a job failed; it runs again at its next time')
      }
    }, { name, timezone: 'Etc/UTC', noOverlap: true, distributed: true, runCoordinator: coordinate(job) })
  })
  return { stop: async () => { for (const task of tasks) await task.destroy() } }
}
