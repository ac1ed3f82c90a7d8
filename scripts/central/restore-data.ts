import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Redis } from 'ioredis'
import { makeOwnFolder } from '../native/make-state.ts'
import { OperatorError } from '../native/operator-error.ts'

const START_MS = 60_000

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
 * Starts a Redis of its own on a copy, reachable by nobody, and returns what it says.
 * @throws OperatorError where it cannot load that, with its reason
 */
export async function tryOut (rdb: string): Promise<{ keys: number, auditHead: string | null }> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-restore-'))
  const socket = join(folder, 'redis.sock')
  layOut(rdb, folder)
  const server = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--dir', folder, '--appendonly', 'yes', '--save', ''], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(server, 'close')
  try {
    await untilLoaded(server.stdout)
    const redis = new Redis({ path: socket })
    try {
      return { keys: await redis.dbsize(), auditHead: await redis.get('audit:head') }
    } finally {
      redis.disconnect()
    }
  } finally {
    server.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
}

async function untilLoaded (output: NodeJS.ReadableStream): Promise<void> {
  const said: string[] = []
  const lines = createInterface({ input: output })
  const timer = setTimeout(() => { lines.close() }, START_MS)
  try {
    for await (const line of lines) {
      said.push(line)
      if (/ready to accept connections/i.test(line)) return
    }
  } finally {
    clearTimeout(timer)
  }
  throw new OperatorError(`Redis cannot load this backup:\n${said.slice(-5).join('\n')}`)
}
