import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'

const run = promisify(execFile)
/** A copy of the repository as far as scripts/lib.sh looks at it. */
const root = await realpath(await mkdtemp(join(tmpdir(), 'spillway-state-')))
t.teardown(async () => { await rm(root, { recursive: true }) })
const write = async (path: string, text = ''): Promise<void> => {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), text)
}
await mkdir(join(root, 'scripts'))
await mkdir(join(root, 'elsewhere'))
await copyFile(fileURLToPath(new URL('../../../scripts/lib.sh', import.meta.url)), join(root, 'scripts', 'lib.sh'))

/** The state folder a script finds that is called in another folder; empty where it takes the usual one. */
const found = async (call: string, environment: Record<string, string> = {}): Promise<string> => {
  const script = `set -euo pipefail; . "$1"; ${call.replaceAll('.env', '"$ROOT/.env"').replace('node:', '"$ROOT/infra/node/.env"')}; env | sed -n 's/^SPILLWAY_STATE_DIR=//p'`
  const { stdout } = await run('bash', ['--norc', '-c', script, './scripts/up', join(root, 'scripts', 'lib.sh')], { cwd: join(root, 'elsewhere'), env: { PATH: process.env.PATH ?? '', ...environment } })
  return stdout.trimEnd()
}

t.test('the environment says it, else the file does, each from where it stands', async t => {
  t.equal(await found('settle_state .env'), '')
  t.equal(await found('settle_state .env', { SPILLWAY_STATE_DIR: 'mine' }), join(root, 'elsewhere', 'mine'))
  await write('.env', 'A=1\nSPILLWAY_STATE_DIR=kept\n')
  t.equal(await found('settle_state .env'), join(root, 'kept'))
  t.equal(await found('settle_state .env', { SPILLWAY_STATE_DIR: '' }), join(root, 'kept'), 'an empty variable is none')
  t.equal(await found('settle_state .env', { SPILLWAY_STATE_DIR: '/mine' }), '/mine')
  await write('other', 'SPILLWAY_STATE_DIR=named\n')
  t.equal(await found('settle_state .env', { COMPOSE_ENV_FILES: join(root, 'other') }), join(root, 'named'))
})

t.test('the file is read as Compose reads it', async t => {
  for (const [line, folder] of [
    ['SPILLWAY_STATE_DIR=/a b/c', '/a b/c'],
    ['  export SPILLWAY_STATE_DIR = "/a b" # why', '/a b'],
    ["SPILLWAY_STATE_DIR='/a'\r", '/a'],
    ['SPILLWAY_STATE_DIR=./x/../y/', join(root, 'y')],
    ['SPILLWAY_STATE_DIR=/first\nSPILLWAY_STATE_DIR=/last', '/last'],
    ['#SPILLWAY_STATE_DIR=/a', ''],
    ['SPILLWAY_STATE_DIR=', ''],
    ['MY_SPILLWAY_STATE_DIR=/a', '']
  ] as const) {
    await write('.env', `${line}\n`)
    t.equal(await found('settle_state .env'), folder, line)
  }
  for (const path of ['$HOME/x', '~/x']) {
    await write('.env', `SPILLWAY_STATE_DIR=${path}\n`)
    await t.rejects(found('settle_state .env'), { code: 2, stderr: /^up: SPILLWAY_STATE_DIR in .*\.env: write the path out/ }, path)
  }
  await rm(join(root, '.env'))
})

t.test('who takes a centre and a node alike finds the one that is there', async t => {
  await write('infra/node/.env', 'SPILLWAY_STATE_DIR=../../joined\n')
  t.equal(await found('find_state'), join(root, 'joined'))
  t.equal(await found('settle_state .env'), '', 'a centre is not where the node is')
  t.equal(await found('settle_state node:'), join(root, 'joined'))
  await write('.spillway/master-key')
  t.equal(await found('find_state'), join(root, 'joined'), 'a centre that was never started, or runs no more')
  for (const sign of ['.spillway/compose/x', '.spillway/run/redis.pid']) {
    await write(sign)
    t.equal(await found('find_state'), '', sign)
    await rm(join(root, dirname(sign)), { recursive: true })
  }
  await write('.env', 'SPILLWAY_STATE_DIR=/centre\n')
  t.equal(await found('find_state'), '/centre')
})
