import { abortOnSignal } from '../native/abort-on-signal.ts'
import { OperatorError } from '../native/operator-error.ts'
import { isAlive, readRecord } from '../native/process-record.ts'
import { checkLoaded, tellRestored } from './check-backup.ts'
import { dropNewData, holdsData, newDataOf, takeNewData } from './redis-data.ts'
import { layOut, tryOut } from './restore-data.ts'
import type { Manifest } from './manifest.ts'
import type { Paths } from '../native/paths.ts'

/** @throws OperatorError where the central Redis runs, or holds data and there is no `force` */
export function checkStopped (paths: Paths, { createdAt }: Manifest, force: boolean): void {
  const record = readRecord(paths, 'central-redis')
  if (record !== undefined && isAlive(record)) throw new OperatorError('restore: the central Redis runs: ./scripts/down first', 2)
  if (!force && holdsData(paths)) throw new OperatorError(`restore: ${paths.redisData} holds data: --force puts it aside and the backup of ${createdAt} in its place`, 2)
}

/** Puts a backup in the place of the data of a central Redis that is a process, and does not run. @throws OperatorError */
export async function restoreProcesses (paths: Paths, rdb: string, manifest: Manifest): Promise<void> {
  const interrupt = abortOnSignal()
  try {
    dropNewData(paths)
    layOut(rdb, newDataOf(paths))
    const loaded = await tryOut(newDataOf(paths), interrupt.signal)
    checkLoaded(loaded, manifest, rdb)
    const aside = takeNewData(paths, new Date())
    if (aside !== undefined) process.stdout.write(`what was there lies in ${aside}\n`)
    process.stdout.write(`${tellRestored(loaded, manifest)}./scripts/up starts on them\n`)
  } finally {
    dropNewData(paths)
  }
}
