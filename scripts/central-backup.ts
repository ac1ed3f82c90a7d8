import { existsSync, linkSync, rmSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { version } from '../services/runtime/version.ts'
import { keyId } from '../services/domain/turn-credential.ts'
import { MANIFEST, newManifest, RDB, sha256OfFile } from './central/manifest.ts'
import { containerCli, nativeCli } from './central/redis-cli.ts'
import { openContainers } from './compose/open-containers.ts'
import { makeFolder } from './native/make-state.ts'
import { OperatorError, runCommand } from './native/operator-error.ts'
import { pathsOf } from './native/paths.ts'
import { readSecret, syncToDisk, writePrivate } from './native/private-files.ts'
import { stateFolderOf } from './native/settings.ts'

/** Copies the central Redis while it serves; see ./scripts/backup --help. */
await runCommand(async () => {
  process.umask(0o077)
  const repository = resolve(import.meta.dirname, '..')
  const paths = pathsOf(stateFolderOf(process.env, repository))
  const createdAt = new Date().toISOString()
  const folder = resolve(process.argv[2] ?? join(paths.state, 'backups', createdAt.replaceAll(/[-:]|\.\d+/g, '')))
  const masterKey = readSecret(paths.masterKey)
  if (masterKey === undefined) throw new OperatorError(`${paths.masterKey} is missing: no centre was ever started here`)
  const containers = openContainers(process.env, paths, repository)
  const cli = containers === undefined ? nativeCli(paths) : containerCli(containers.engine)
  const [auditHead, layout, info] = [await cli.ask('GET', 'audit:head'), await cli.ask('GET', 'layout'), await cli.ask('INFO', 'server')]

  makeFolder(folder)
  const rdb = join(folder, RDB)
  const taken = [rdb, join(folder, MANIFEST)].find(file => existsSync(file))
  if (taken !== undefined) throw new OperatorError(`${taken} is there already: name another folder`, 2)
  const draft = `${rdb}.${process.pid}.draft`
  try {
    await cli.copyTo(draft)
    syncToDisk(draft)
    const { size: bytes } = statSync(draft)
    const manifest = newManifest({
      createdAt,
      version,
      redisVersion: /^redis_version:(\S+)/m.exec(info)?.[1] ?? '',
      layout: layout || null,
      auditHead: auditHead || null,
      masterKeyId: keyId(masterKey),
      bytes,
      sha256: await sha256OfFile(draft)
    })
    // fails where another backup came there meanwhile
    linkSync(draft, rdb)
    // last: a folder without a manifest is no backup
    writePrivate(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`)
    syncToDisk(folder)
    process.stdout.write(`${folder}: ${bytes} bytes, audit ${auditHead.split(':')[0] || 0}, sha256 ${manifest.sha256}\nkeep ${paths.masterKey} too, somewhere else: nothing sealed in it opens without that key\n`)
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? new OperatorError(`${rdb} is there already: name another folder`, 2) : error
  } finally {
    rmSync(draft, { force: true })
  }
  return 0
})
