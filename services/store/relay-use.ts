import type { App } from '../domain/app.ts'
import { monthOf, monthsBack, RELAYED_MONTHS, RESERVATION_MS, sumOpen, WHOLE_APP } from '../domain/relay-use.ts'
import type { RelayUse } from '../domain/relay-use.ts'
import { answersOf } from './connect.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'

/** What these apps have relayed this month and have open, by their ids. */
export async function readRelayUse (redis: Redis, apps: readonly App[], nowMs: number): Promise<Map<string, RelayUse>> {
  if (apps.length === 0) return new Map()
  const month = monthOf(nowMs)
  const pipeline = redis.pipeline()
  for (const { id, relayCaps: { userGigabytesPerMonth: cap } } of apps) {
    const relayed = centralKeys.relayed(month, id)
    pipeline.zscore(relayed, WHOLE_APP)
    pipeline.zrange(relayed, cap === null ? '+inf' : String(cap * 1e9), '+inf', 'BYSCORE')
    pipeline.hgetall(centralKeys.openSessions(id))
    pipeline.zrange(centralKeys.reserved(id), `(${nowMs - RESERVATION_MS}`, '+inf', 'BYSCORE')
  }
  const answers = await answersOf(pipeline.exec())
  return new Map(apps.map(({ id }, index) => {
    const [bytes, spentUsers, open, reserved] = answers.slice(index * 4) as [string | null, string[], Record<string, string>, string[]]
    const openByCredential = new Map(Object.entries(open).map(([credential, count]) => [credential, Number(count)]))
    return [id, {
      month,
      bytes: Number(bytes ?? 0),
      spentUsers: new Set(spentUsers),
      open: openByCredential,
      openOf: sumOpen(openByCredential),
      reserved: new Set(reserved)
    }]
  }))
}

/** Takes a user out of what every app has relayed, in all months that are kept; the sums of the apps stay. */
export async function eraseFromRelayUse (redis: Redis, userTag: string, nowMs: number): Promise<void> {
  const pipeline = redis.pipeline()
  for (const app of await redis.hkeys(centralKeys.apps)) {
    for (const month of monthsBack(nowMs, RELAYED_MONTHS)) pipeline.zrem(centralKeys.relayed(month, app), userTag)
  }
  await answersOf(pipeline.exec())
}
