import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import t from 'tap'
import { checkNoRestoreBrokeOff, takeNewData } from '../../../scripts/central/redis-data.ts'
import { sha256OfFile } from '../../../scripts/central/manifest.ts'
import { layOut, tryOut } from '../../../scripts/central/restore-data.ts'
import { freePort } from '../../../scripts/free-port.ts'
import { makeFolder, makeOwnFolder, makeState } from '../../../scripts/native/make-state.ts'
import { pathsOf } from '../../../scripts/native/paths.ts'
import { readSecret } from '../../../scripts/native/private-files.ts'
import { readSettings } from '../../../scripts/native/settings.ts'
import { until } from '../../../scripts/until.ts'
import type { Test } from 'tap'

const repository = resolve(import.meta.dirname, '../../..')
const state = mkdtempSync(join(tmpdir(), 'spillway-backup-'))
t.teardown(() => { rmSync(state, { recursive: true, force: true }) })
const paths = pathsOf(state)
const environment = { PATH: process.env.PATH ?? '', SPILLWAY_STATE_DIR: state, SPILLWAY_CENTRAL_REDIS_PORT: String(await freePort()) }
makeState(readSettings([], environment, repository), paths, repository)
const backup = join(state, 'backups', 'one')
const script = async (name: string, args: readonly string[] = [], differs: Record<string, string> = {}): Promise<{ code: number, stdout: string, stderr: string }> =>
  await promisify(execFile)(join(repository, 'scripts', name), args, { env: { ...environment, ...differs }, timeout: 50_000 }).then(said => ({ code: 0, ...said }), error => error)

/** The central Redis of this state folder, until `use` is done with it. */
async function withRedis (use: (redis: Redis) => Promise<void>): Promise<void> {
  const server = spawn('redis-server', [paths.redisConf], { stdio: 'ignore' })
  const ended = once(server, 'exit')
  const redis = new Redis({ port: Number(environment.SPILLWAY_CENTRAL_REDIS_PORT), password: readSecret(paths.redisPassword) ?? '' }).on('error', () => {})
  try {
    await until('Redis answers', async () => await redis.ping().then(() => true, () => false))
    await use(redis)
  } finally {
    redis.disconnect()
    server.kill('SIGTERM')
    await ended
  }
}

async function backUp (t: Test): Promise<void> {
  await withRedis(async redis => {
    await redis.set('audit:head', '3:abc')
    await redis.hset('join-tokens', 'jt1', '{}')
    await redis.hset('node-users', 'far', '{}')
    t.match(await script('backup', [backup]), { code: 0, stdout: /sha256/ })
    const rdb = join(backup, 'central.rdb')
    const before = await sha256OfFile(rdb)
    await redis.set('later', '1')
    t.match(await script('backup', [backup]), { code: 2, stderr: /is there already: name another folder/ })
    t.equal(await sha256OfFile(rdb), before)
    t.same(readdirSync(backup).sort(), ['central.rdb', 'manifest.json'])
  })
}

t.test('a second backup into a folder leaves the first as it was', backUp)

t.test('restored data tells whose logins are back, holds no join token, and is loaded by the Redis of this folder', async t => {
  t.match(await script('restore', [backup]), { code: 2, stderr: /holds data/ })
  const { code, stdout } = await script('restore', [backup, '--force'])
  t.equal(code, 0)
  t.match(stdout, /logins of these nodes are back: far/)
  t.notOk(existsSync(`${paths.redisData}.new`))
  await withRedis(async redis => {
    t.equal(await redis.get('audit:head'), '3:abc')
    t.equal(await redis.exists('join-tokens', 'later'), 0)
  })
})

t.test('where a restore was killed between its two renames, up does not begin an empty ledger', async t => {
  checkNoRestoreBrokeOff(paths)
  renameSync(paths.redisData, `${paths.redisData}.new`)
  t.match(await script('up', ['--native', '--detach']), { code: 2, stderr: /restore broke off/ })
  t.notOk(existsSync(paths.redisData), 'nothing was made there')
  takeNewData(paths, new Date())
  checkNoRestoreBrokeOff(paths)
})

t.test('a try-out that is stopped leaves no redis-server', async t => {
  const data = join(state, 'trial')
  layOut(join(backup, 'central.rdb'), data)
  await t.rejects(tryOut(data, AbortSignal.abort()), { message: /nothing was touched/ })
  const serving = readdirSync('/proc').filter(pid => /^\d+$/.test(pid)).filter(pid => { try { return readlinkSync(`/proc/${pid}/cwd`) === data } catch { return false } })
  t.same(serving, [])
})

t.test('where containers were started and no engine answers, all of them say so and touch nothing', async t => {
  const of = join(state, 'containers')
  mkdirSync(join(of, 'compose'), { recursive: true })
  copyFileSync(paths.masterKey, join(of, 'master-key'))
  const without = { SPILLWAY_STATE_DIR: of, DOCKER_HOST: `unix://${of}/none`, SPILLWAY_UID: '1' }
  const files = readdirSync(of)
  t.match(await script('backup', [], without), { code: 1, stderr: /docker/ })
  t.match(await script('restore', [backup, '--force'], without), { code: 1, stderr: /docker/ })
  t.match(await script('doctor', [], without), { code: 1, stdout: /^fail containers .*docker/m })
  t.same(readdirSync(of), files)
})

t.test('a backup of a newer layout is refused', async t => {
  const newer = join(state, 'backups', 'newer')
  cpSync(backup, newer, { recursive: true })
  const manifest = JSON.parse(readFileSync(join(newer, 'manifest.json'), 'utf8'))
  writeFileSync(join(newer, 'manifest.json'), JSON.stringify({ ...manifest, layout: '2' }))
  t.match(await script('restore', [newer, '--force']), { code: 2, stderr: /key layout 2, newer than/ })
})

t.test('folders that others made keep their mode, and the state folder is never one of everybody', t => {
  const theirs = join(state, 'theirs')
  mkdirSync(theirs)
  chmodSync(theirs, 0o755)
  makeFolder(theirs)
  t.equal(statSync(theirs).mode & 0o777, 0o755)
  makeFolder(join(theirs, 'new', 'deep'))
  t.equal(statSync(join(theirs, 'new', 'deep')).mode & 0o777, 0o700)
  makeOwnFolder(theirs)
  t.equal(statSync(theirs).mode & 0o777, 0o700)
  chmodSync(theirs, 0o1777)
  t.throws(() => { makeOwnFolder(theirs) }, /cannot be used/)
  t.equal(statSync(theirs).mode & 0o1777, 0o1777)
  t.end()
})

t.test('where both processes and containers left their data nobody guesses which are meant', async t => {
  makeFolder(paths.compose)
  t.match(await script('restore', [backup, '--force']), { code: 2, stderr: /is of containers .* and holds data of processes .*: move what is used no more away/ })
  rmSync(paths.compose, { recursive: true })
})
