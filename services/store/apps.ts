import { indexApps } from '../domain/app.ts'
import type { App, AppKey, AppsAndKeys } from '../domain/app.ts'
import type { Write } from './audit.ts'
import { answersOf } from './connect.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'

/** Reads all of it, or returns undefined where `knownVersion` is still the newest. One transaction: never a mixture. */
export async function readAppsAndKeys (redis: Redis, knownVersion: string | undefined): Promise<AppsAndKeys | undefined> {
  if (knownVersion !== undefined && (await redis.get(centralKeys.auditHead) ?? '0') === knownVersion) return undefined
  return await readAllApps(redis)
}

export async function readAllApps (redis: Redis): Promise<AppsAndKeys> {
  const [version, apps, keys] = await answersOf(redis.multi()
    .get(centralKeys.auditHead)
    .hgetall(centralKeys.apps)
    .hgetall(centralKeys.appKeys)
    .exec())
  return indexApps(version as string | null ?? '0', parse<App>(apps), parse<AppKey>(keys))
}

const parse = <T>(hash: unknown): Map<string, T> =>
  new Map(Object.entries(hash as Record<string, string>).map(([name, json]) => [name, JSON.parse(json) as T]))

export const writeApp = (id: string, app: App | null): Write => ({ hash: centralKeys.apps, field: id, after: app && JSON.stringify(app) })
export const writeKey = (sha256: string, key: AppKey | null): Write => ({ hash: centralKeys.appKeys, field: sha256, after: key && JSON.stringify(key) })

/** When each key was last used, in ms, by its id; to the minute. */
export async function readKeyUse (redis: Redis): Promise<Map<string, number>> {
  return new Map(Object.entries(await redis.hgetall(centralKeys.appKeysUsed)).map(([id, atMs]) => [id, Number(atMs)]))
}
