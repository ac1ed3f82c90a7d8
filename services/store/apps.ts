import type { App, AppKey, AppsAndKeys } from '../domain/app.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'

/** Reads all of it, or returns undefined where `knownVersion` is still the newest. One transaction: never a mixture. */
export async function readAppsAndKeys (redis: Redis, knownVersion: string | undefined): Promise<AppsAndKeys | undefined> {
  if (knownVersion !== undefined && (await redis.get(centralKeys.appsVersion) ?? '0') === knownVersion) return undefined
  const answers = await redis.multi()
    .get(centralKeys.appsVersion)
    .hgetall(centralKeys.apps)
    .hgetall(centralKeys.appKeys)
    .exec()
  const [version, apps, keys] = (answers ?? []).map(([error, value]) => {
    if (error) throw error
    return value
  })
  const parsed = (hash: unknown) => Object.entries(hash as Record<string, string>).map(([name, json]) => [name, JSON.parse(json)] as const)
  return { version: version as string | null ?? '0', apps: new Map(parsed(apps)), keys: new Map(parsed(keys)) }
}

const change = async (redis: Redis, ...args: string[]): Promise<boolean> =>
  await redis.changeApps(centralKeys.apps, centralKeys.appKeys, centralKeys.appsVersion, ...args) === 1

/** False where an app of this id exists. */
export const createApp = (redis: Redis, app: App): Promise<boolean> => change(redis, 'create-app', app.id, JSON.stringify(app))
/** False where there is no such app. */
export const replaceApp = (redis: Redis, app: App): Promise<boolean> => change(redis, 'replace-app', app.id, JSON.stringify(app))
/** Deletes an app and all its keys; what it relayed stays in the ledger. False where there is no such app. */
export const deleteApp = (redis: Redis, id: string): Promise<boolean> => change(redis, 'delete-app', id, '')
/** False where there is no such app. */
export const addKey = (redis: Redis, sha256: string, key: AppKey): Promise<boolean> => change(redis, 'add-key', sha256, JSON.stringify(key), key.app)
/** False where there is no such key. */
export const removeKey = (redis: Redis, sha256: string): Promise<boolean> => change(redis, 'remove-key', sha256, '')
