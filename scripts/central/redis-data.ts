import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { OperatorError } from '../native/operator-error.ts'
import { syncToDisk } from '../native/private-files.ts'
import type { Paths } from '../native/paths.ts'

/** Where restored data is laid out and tried, beside its place. */
export const newDataOf = ({ redisData }: Paths): string => `${redisData}.new`

export const holdsData = ({ redisData }: Paths): boolean => existsSync(redisData) && readdirSync(redisData).length > 0

/**
 * Puts data that is whole and on disk in the place of the central Redis', by two renames: whoever kills us leaves the one, the
 * other, or no data under that name, with which `up` does not start. Returns where the old lies now, if there was any.
 */
export function takeNewData (paths: Paths, now: Date): string | undefined {
  const aside = holdsData(paths) ? `${paths.redisData}.before-${now.toISOString().replaceAll(/[-:]|\.\d+/g, '')}` : undefined
  if (aside !== undefined) renameSync(paths.redisData, aside)
  renameSync(newDataOf(paths), paths.redisData)
  syncToDisk(paths.state)
  return aside
}

export function dropNewData (paths: Paths): void {
  rmSync(newDataOf(paths), { recursive: true, force: true })
}

/** Redis begins with nothing where it finds nothing. @throws OperatorError where that would hide data that lies beside */
export function checkNoRestoreBrokeOff (paths: Paths): void {
  if (holdsData(paths) || !existsSync(dirname(paths.redisData))) return
  const name = basename(paths.redisData)
  const beside = readdirSync(dirname(paths.redisData)).filter(entry => entry === `${name}.new` || entry.startsWith(`${name}.before-`))
  if (beside.length === 0) return
  throw new OperatorError(`up: ${paths.redisData} holds nothing, and beside it lies ${beside.join(', ')}: a restore broke off, and an empty ledger would begin. ./scripts/restore once more, or move the newest .before- back to ${paths.redisData}; to begin with nothing move these away`, 2)
}
