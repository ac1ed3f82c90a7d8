import { closeSync, openSync } from 'node:fs'
import { centralKeys } from '../../services/store/keys.ts'
import { untilHealthy } from '../compose/start-services.ts'
import { abortOnSignal } from '../native/abort-on-signal.ts'
import { OperatorError } from '../native/operator-error.ts'
import { saying } from '../native/say.ts'
import { checkLoaded, tellRestored } from './check-backup.ts'
import type { LoadedData } from './check-backup.ts'
import type { Manifest } from './manifest.ts'
import type { Engine } from '../compose/engine.ts'

/** Who writes the central Redis and keeps what it read of it; agents of nodes wait until it is back. */
const WRITERS = ['control-plane', 'ledger', 'prober']

/**
 * Puts a backup in the place of the data in the volume of the central Redis. It is laid out and loaded there while the old
 * one serves; then the writers stop, one rename changes the data, and what was stopped starts again, on the old data where
 * that did not come about. @throws OperatorError
 */
export async function restoreContainers (engine: Engine, rdb: string, manifest: Manifest, force: boolean): Promise<void> {
  const kept = `before-${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')}`
  const held = await inData(engine, ['holds']) !== ''
  if (held && !force) throw new OperatorError(`restore: the central Redis holds data: --force puts it aside and the backup of ${manifest.createdAt} in its place`, 2)
  // whoever presses Ctrl-C ends what runs in the engine; what was stopped starts again all the same
  const { signal } = abortOnSignal()
  let started: string[]
  try {
    const loaded = await layOut(engine, rdb)
    checkLoaded(loaded, manifest, rdb)
    started = await replaceData(engine, kept)
    process.stdout.write(tellRestored(loaded, manifest))
  } finally {
    // what cannot be dropped now goes with the next try
    await inData(engine, ['drop']).catch(() => {})
  }
  if (held) process.stdout.write(`what was there lies in the volume: docker compose run --rm --no-deps redis rm -r /data/${kept} deletes it, and infra/README.md says how it is put back\n`)
  if (!started.includes('redis')) return saying('restore', './scripts/up starts on them')
  await untilHealthy(engine, signal, () => {}, started)
  saying('restore', 'what was stopped runs again')
}

/** Returns what it stopped and started again. */
async function replaceData (engine: Engine, kept: string): Promise<string[]> {
  // one that cannot load what it has starts again and again, and is a reason to restore
  const stopped = (await engine.containers()).filter(({ Service, State }) => ['redis', ...WRITERS].includes(Service) && ['running', 'restarting'].includes(State))
  const services = [...new Set(stopped.map(({ Service }) => Service))]
  try {
    if (services.includes('redis')) saying('restore', 'stops what writes')
    await engine.compose('stop', ...WRITERS.filter(service => services.includes(service)), 'redis')
    await inData(engine, ['take', 'new', kept])
    saying('restore', 'the data are in their place')
  } finally {
    // all at once: a Redis may load for long, and who needs it waits by itself
    if (stopped.length > 0) await engine.start(stopped.map(({ ID }) => ID))
  }
  return services
}

/** Join tokens go: a backup does not know which of them were used or revoked since. */
async function layOut (engine: Engine, rdb: string): Promise<LoadedData> {
  const { joinTokens, auditHead, layout, nodeUsers } = centralKeys
  const input = openSync(rdb, 'r')
  try {
    const said = await inData(engine, ['lay-out', `DEL ${joinTokens}`, 'DBSIZE', `GET ${auditHead}`, `GET ${layout}`, `HKEYS ${nodeUsers}`], input)
    const [, keys, head, number, nodes] = said.trim().split('\n').map(line => JSON.parse(line))
    return { keys, auditHead: head, layout: number, nodes: [...nodes].sort() }
  } catch (error) {
    throw new OperatorError(`restore: Redis cannot load ${rdb}, and nothing was touched: ${(error as Error).message}`)
  } finally {
    closeSync(input)
  }
}

/** In a container of its own with the volume of the central Redis, whether that runs or not. */
async function inData (engine: Engine, words: readonly string[], input?: number): Promise<string> {
  return await engine.stream(['run', '--rm', '-T', '--no-deps', 'redis', 'sh', '/etc/redis/replace-data', '/data', ...words], { input })
}
