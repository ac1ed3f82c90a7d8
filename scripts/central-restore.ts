import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { checkManifest } from './central/check-backup.ts'
import { RDB, readManifest, sha256OfFile } from './central/manifest.ts'
import { holdsData } from './central/redis-data.ts'
import { restoreContainers } from './central/restore-containers.ts'
import { checkStopped, restoreProcesses } from './central/restore-processes.ts'
import { openContainers } from './compose/open-containers.ts'
import { OperatorError, runCommand } from './native/operator-error.ts'
import { pathsOf } from './native/paths.ts'
import { stateFolderOf } from './native/settings.ts'

const repository = resolve(import.meta.dirname, '..')

/** Puts a backup in the place of the central Redis' data; see ./scripts/restore --help. */
await runCommand(async () => {
  process.umask(0o077)
  const { values: { force = false }, positionals: [named] } = parseArgs({ allowPositionals: true, options: { force: { type: 'boolean' } } })
  if (named === undefined) throw new OperatorError('restore: which backup? ./scripts/restore --help', 2)
  const paths = pathsOf(stateFolderOf(process.env, repository))
  const containers = openContainers(process.env, paths, repository)
  // which of them is meant only their operator knows, and the other one would go on without a word
  if (existsSync(paths.compose) && holdsData(paths)) throw new OperatorError(`restore: ${paths.state} is of containers (${paths.compose}) and holds data of processes (${paths.redisData}): move what is used no more away`, 2)
  const folder = resolve(named)
  const rdb = join(folder, RDB)

  const manifest = readManifest(folder)
  if (containers === undefined) checkStopped(paths, manifest, force)
  checkManifest(manifest, paths, force)
  const sha256 = await sha256OfFile(rdb)
  if (sha256 !== manifest.sha256) throw new OperatorError(`${rdb} is not what was saved: its SHA-256 is ${sha256}, and ${manifest.sha256} in the manifest`)
  if (containers === undefined) await restoreProcesses(paths, rdb, manifest)
  else await restoreContainers(containers.engine, rdb, manifest, force)
  return 0
})
