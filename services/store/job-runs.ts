import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'

/**
 * True for the one process that may run this firing of a job: node-cron asks with a key made of the job's name and the
 * time it fires at, the same in every replica. The mark outlives the firing, so that a slow clock cannot run it again.
 */
export async function claimJobRun (redis: Redis, key: string, ttlMs: number): Promise<boolean> {
  return await redis.set(centralKeys.jobRun(key), '1', 'PX', Math.ceil(ttlMs), 'NX') === 'OK'
}
