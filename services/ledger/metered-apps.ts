import { readAppsAndKeys } from '../store/apps.ts'
import type { Redis } from '../store/connect.ts'

/**
 * Which apps have a cap on what one user relays: of these the ledger counts each user's bytes, from when the cap was set
 * on. Of the others it would be a list of everybody, for nothing.
 */
export function createMeteredApps (redis: Redis): () => Promise<(app: string) => boolean> {
  let version: string | undefined
  let metered = new Set<string>()
  return async () => {
    const read = await readAppsAndKeys(redis, version)
    if (read) {
      version = read.version
      metered = new Set([...read.apps.values()].filter(({ relayCaps }) => relayCaps.userGigabytesPerMonth !== null).map(({ id }) => id))
    }
    return app => metered.has(app)
  }
}
