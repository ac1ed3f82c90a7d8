import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import t from 'tap'
import { until } from '../../../scripts/until.ts'

const script = resolve(import.meta.dirname, '../../../infra/redis/replace-data')
const folder = mkdtempSync(join(tmpdir(), 'spillway-replace-'))
t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
const data = join(folder, 'data')
mkdirSync(data)
const rdb = join(folder, 'saved.rdb')

/** What the data say when a Redis starts on them, which then is written to as well. */
async function readName (use: (socket: string) => Promise<void> = async () => {}): Promise<string | null> {
  const socket = join(folder, 'socket')
  const server = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--dir', data, '--appendonly', 'yes', '--save', '', '--repl-diskless-sync-delay', '0'], { stdio: 'ignore' })
  const ended = once(server, 'exit')
  const redis = new Redis({ path: socket }).on('error', () => {})
  try {
    await until('Redis answers', async () => await redis.ping().then(() => true, () => false))
    const name = await redis.get('name')
    await redis.set('written', '1')
    await use(socket)
    return name
  } finally {
    redis.disconnect()
    server.kill('SIGTERM')
    await ended
  }
}

async function replace (words: string[], { input, path = '' }: { input?: string, path?: string } = {}): Promise<{ code: number | null, said: string }> {
  const child = spawn('sh', [script, data, ...words], { stdio: [input === undefined ? 'ignore' : openSync(input, 'r'), 'pipe', 'ignore'], env: { PATH: `${path}:${process.env.PATH}` } })
  const [said, [code]] = await Promise.all([text(child.stdout!), once(child, 'close')])
  return { code, said }
}

/** A `sync` that kills whoever calls it for the nth time. */
function killAt (nth: number): string {
  const bin = join(folder, `bin-${nth}`)
  mkdirSync(bin)
  writeFileSync(join(bin, 'sync'), `#!/bin/sh\necho >>${bin}/calls\n[ $(wc -l <${bin}/calls) -lt ${nth} ] || kill -9 $PPID\n`, { mode: 0o700 })
  return bin
}

const set = (name: string) => async (socket: string): Promise<void> => { await promisify(execFile)('redis-cli', ['-s', socket, 'set', 'name', name]) }

t.test('data are laid out and asked beside those that serve', async t => {
  t.same(await replace(['holds']), { code: 0, said: '' })
  await readName(async socket => {
    await set('saved')(socket)
    await promisify(execFile)('redis-cli', ['-s', socket, '--rdb', rdb])
    await set('old')(socket)
    t.same(await replace(['lay-out', 'GET name', 'DBSIZE', 'DEL written', 'HKEYS none'], { input: rdb }), { code: 0, said: '"saved"\n2\n1\n[]\n' })
  })
  t.same(await replace(['holds']), { code: 0, said: 'yes\n' })
  writeFileSync(join(folder, 'torn.rdb'), 'REDIS0010')
  t.equal((await replace(['lay-out', 'DBSIZE'], { input: join(folder, 'torn.rdb') })).code, 1, 'what Redis cannot load')
  t.equal((await replace(['take', 'none', 'kept'])).code, 1, 'nothing lies there')
})

t.test('killed before its one rename the old data are there, killed behind it the new, and either goes on', async t => {
  await replace(['lay-out', 'DBSIZE'], { input: rdb })
  t.equal((await replace(['take', 'new', 'kept-1'], { path: killAt(1) })).code, null)
  t.equal(await readName(), 'old')
  t.equal((await replace(['take', 'new', 'kept-2'], { path: killAt(2) })).code, null)
  t.equal(await readName(), 'saved')
  t.equal(await readName(set('newer')), 'saved', 'what was written behind it is read again')
  t.equal((await replace(['take', 'kept-2', 'kept-3'])).code, 0, 'back to the old')
  t.equal(await readName(), 'old')
  t.equal((await replace(['take', 'kept-3', 'kept-4'])).code, 0, 'and forth again')
  t.equal(await readName(), 'newer')
  await replace(['lay-out', 'DBSIZE'], { input: rdb })
  t.equal((await replace(['take', 'new', 'kept-4'])).code, 1, 'what was put aside is nobody\'s to write over')
  t.equal(await readName(), 'newer')
  const files = readdirSync(join(data, 'appendonlydir'))
  t.equal(files.length, 3, `nothing is left of what was: ${files.join()}`)
  await replace(['drop'])
  t.same(readdirSync(data).sort(), ['appendonlydir', 'kept-1', 'kept-4'])
})
