import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Redis } from 'ioredis'
import { centralKeys } from '../../services/store/keys.ts'
import { makeOwnFolder } from '../native/make-state.ts'
import { OperatorError } from '../native/operator-error.ts'
import { syncToDisk } from '../native/private-files.ts'
import type { LoadedData } from './check-backup.ts'

/**
 * Lays an RDB where a Redis with `appendonly yes` begins from it. Such a one reads its append-only files and no dump.rdb;
 * since 7.0 these are a base, which may be an RDB, and what came after, named in a manifest (aof.c, aofLoadManifestFromFile).
 */
export function layOut (rdb: string, data: string): void {
  const folder = join(data, 'appendonlydir')
  makeOwnFolder(data)
  makeOwnFolder(folder)
  copyFileSync(rdb, join(folder, 'appendonly.aof.1.base.rdb'))
  writeFileSync(join(folder, 'appendonly.aof.manifest'), 'file appendonly.aof.1.base.rdb seq 1 type b\n', { mode: 0o600 })
}

/**
 * Starts a Redis of its own on this data, reachable by nobody, and stops it again: it has ended, and the data is on disk, when
 * this resolves or rejects. Join tokens go: a backup does not know which of them were used or revoked since.
 * @throws OperatorError where it cannot load that, with its reason, or `signal` aborts
 */
export async function tryOut (data: string, signal: AbortSignal): Promise<LoadedData> {
  // a socket's path has 107 bytes at most (unix(7)), and the data may lie deep
  const folder = mkdtempSync(join(tmpdir(), 'spillway-restore-'))
  const socket = join(folder, 'redis.sock')
  const server = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--dir', data, '--appendonly', 'yes', '--save', ''], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(server, 'close')
  const stop = (): void => { server.kill('SIGTERM') }
  signal.addEventListener('abort', stop)
  try {
    if (signal.aborted) stop()
    await untilLoaded(server.stdout)
    return await askLoaded(socket)
  } catch (error) {
    throw signal.aborted ? new OperatorError('restore: stopped, and nothing was touched') : error
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
    await ended
    rmSync(folder, { recursive: true, force: true })
    syncTree(data)
  }
}

async function askLoaded (socket: string): Promise<LoadedData> {
  // it went where it does not answer, and its end tells
  const redis = new Redis({ path: socket, retryStrategy: () => null }).on('error', () => {})
  try {
    await redis.del(centralKeys.joinTokens)
    return { keys: await redis.dbsize(), auditHead: await redis.get(centralKeys.auditHead), layout: await redis.get(centralKeys.layout), nodes: (await redis.hkeys(centralKeys.nodeUsers)).sort() }
  } finally {
    redis.disconnect()
  }
}

/** As long as the server loads, however long that takes; its output is read on, so that it never waits for us. */
async function untilLoaded (output: NodeJS.ReadableStream): Promise<void> {
  const said: string[] = []
  const loaded = await new Promise<boolean>(resolve => {
    createInterface({ input: output }).on('close', () => { resolve(false) }).on('line', line => {
      if (said.push(line) > 5) said.shift()
      if (/ready to accept connections/i.test(line)) resolve(true)
    })
  })
  if (!loaded) throw new OperatorError(`Redis cannot load this backup:\n${said.join('\n')}`)
}

function syncTree (folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) syncToDisk(join(folder, entry))
  syncToDisk(folder)
}
