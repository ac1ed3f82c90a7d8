import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { keyId } from '../services/domain/turn-credential.ts'
import { RDB, readManifest, sequenceOf, sha256OfFile } from './central/manifest.ts'
import { refuseContainers } from './central/refuse-containers.ts'
import { dropNewData, holdsData, newDataOf, takeNewData } from './central/redis-data.ts'
import { layOut, tryOut } from './central/restore-data.ts'
import { abortOnSignal } from './native/abort-on-signal.ts'
import { OperatorError, runCommand } from './native/operator-error.ts'
import { pathsOf } from './native/paths.ts'
import { readSecret } from './native/private-files.ts'
import { isAlive, readRecord } from './native/process-record.ts'
import { stateFolderOf } from './native/settings.ts'
import type { Manifest } from './central/manifest.ts'
import type { Paths } from './native/paths.ts'

/** Puts a backup in the place of the central Redis' data; see ./scripts/restore --help. */
await runCommand(async () => {
  process.umask(0o077)
  const { values: { force = false }, positionals: [named] } = parseArgs({ allowPositionals: true, options: { force: { type: 'boolean' } } })
  if (named === undefined) throw new OperatorError('restore: which backup? ./scripts/restore --help', 2)
  const paths = pathsOf(stateFolderOf(process.env, resolve(import.meta.dirname, '..')))
  refuseContainers(paths, 'restore', 'infra/README.md, What to back up, has the docker compose commands')
  const folder = resolve(named)
  const rdb = join(folder, RDB)

  const manifest = readManifest(folder)
  checkPlace(paths, manifest, force)
  const sha256 = await sha256OfFile(rdb)
  if (sha256 !== manifest.sha256) throw new OperatorError(`${rdb} is not what was saved: its SHA-256 is ${sha256}, and ${manifest.sha256} in the manifest`)
  const interrupt = abortOnSignal()
  try {
    dropNewData(paths)
    layOut(rdb, newDataOf(paths))
    const { keys, auditHead, nodes } = await tryOut(newDataOf(paths), interrupt.signal)
    if (sequenceOf(auditHead) < sequenceOf(manifest.auditHead)) throw new OperatorError(`${rdb} ends at entry ${sequenceOf(auditHead)} of the audit, before the ${sequenceOf(manifest.auditHead)} of its manifest`)
    const aside = takeNewData(paths, new Date())
    if (aside !== undefined) process.stdout.write(`what was there lies in ${aside}\n`)
    process.stdout.write(`restored ${keys} keys, as they were at ${manifest.createdAt}, audit ${sequenceOf(auditHead)}; ./scripts/up starts on them\n`)
    if (nodes.length > 0) process.stdout.write(`logins of these nodes are back: ${nodes.join(', ')}. Remove again those you removed since\n`)
  } finally {
    dropNewData(paths)
  }
  return 0
})

/** @throws OperatorError where nothing may be restored here, or not without force */
function checkPlace (paths: Paths, { masterKeyId, createdAt }: Manifest, force: boolean): void {
  const record = readRecord(paths, 'central-redis')
  if (record !== undefined && isAlive(record)) throw new OperatorError('restore: the central Redis runs: ./scripts/down first', 2)
  const masterKey = readSecret(paths.masterKey)
  if (masterKey === undefined) throw new OperatorError(`restore: ${paths.masterKey} is missing: put the master key of that installation there first, for nothing sealed in the backup opens without it`, 2)
  if (force) return
  if (keyId(masterKey) !== masterKeyId) throw new OperatorError(`restore: the backup was made under master key ${masterKeyId}, and ${paths.masterKey} holds ${keyId(masterKey)}: put that one back, or --force if it was rotated since and you hold the newer one`, 2)
  if (holdsData(paths)) throw new OperatorError(`restore: ${paths.redisData} holds data: --force puts it aside and the backup of ${createdAt} in its place`, 2)
}
