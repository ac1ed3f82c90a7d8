import { indexApps } from '../domain/app.ts'
import type { App, AppKey, AppsAndKeys } from '../domain/app.ts'
import type { Write } from './audit.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'

/** Reads all of it, or returns undefined where `knownVersion` is still the newest. One transaction: never a mixture. */
export async function readAppsAndKeys (redis: Redis, knownVersion: string | undefined): Promise<AppsAndKeys | undefined> {
  if (knownVersion !== undefined && (await redis.get(centralKeys.auditHead) ?? '0') === knownVersion) return undefined
  return await readAllApps(redis)
}

export async function readAllApps (redis: Redis): Promise<AppsAndKeys> {
  const answers = await redis.multi()
    .get(centralKeys.auditHead)
    .hgetall(centralKeys.apps)
    .hgetall(centralKeys.appKeys)
    .exec()
  const [version, apps, keys] = (answers ?? []).map(([error, value]) => {
    if (error) throw error
    return value
  })
  return indexApps(version as string | null ?? '0', parse<App>(apps), parse<AppKey>(keys))
}

const parse = <T>(hash: unknown): Map<string, T> =>
  new Map(Object.entries(hash as Record<string, string>).map(([name, json]) => [name, JSON.parse(json) as T]))

const json = (value: unknown): string | null => value === null ? null : JSON.stringify(value)

export const writeApp = (id: string, before: App | null, after: App | null): Write =>
  ({ kind: 'hash', key: centralKeys.apps, field: id, before: json(before), after: json(after) })
export const writeKey = (sha256: string, before: AppKey | null, after: AppKey | null): Write =>
  ({ kind: 'hash', key: centralKeys.appKeys, field: sha256, before: json(before), after: json(after) })

/** When each key was last used, in ms, by its id; to the minute. */
export async function readKeyUse (redis: Redis): Promise<Map<string, number>> {
  return new Map(Object.entries(await redis.hgetall(centralKeys.appKeysUsed)).map(([id, atMs]) => [id, Number(atMs)]))
}
