import type { AdminRole } from '../domain/audit.ts'
import type { Write } from './audit.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'

/** What is kept of an admin token: never the token itself, only the SHA-256 it is looked up by. */
export interface AdminToken {
  name: string
  role: AdminRole
  createdAt: string
}

export async function findAdminToken (redis: Redis, sha256: string): Promise<AdminToken | undefined> {
  const json = await redis.hget(centralKeys.adminTokens, sha256)
  return json === null ? undefined : JSON.parse(json)
}

/** All of them by their SHA-256. */
export async function readAdminTokens (redis: Redis): Promise<Map<string, AdminToken>> {
  return new Map(Object.entries(await redis.hgetall(centralKeys.adminTokens)).map(([sha256, json]) => [sha256, JSON.parse(json)]))
}

export const writeAdminToken = (sha256: string, token: AdminToken | null): Write =>
  ({ hash: centralKeys.adminTokens, field: sha256, after: token && JSON.stringify(token) })
