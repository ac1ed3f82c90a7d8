import { readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { until } from '../../scripts/until.ts'
import { appUsage, callersOf, expectExact, ledgerSessions, release, startCalls, talk } from '../helpers/calls.ts'
import { startStack } from '../helpers/stack.ts'
import { listenToCoturn } from '../helpers/witness.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const stack = await startStack(t, { slot: 24 })
const witness = await listenToCoturn(t, stack)
const key = await stack.createApp('shop')
const folder = join(stack.folder, 'backups', 'first')
const refused = async (...args: string[]) => await stack.script('restore', ...args).then(() => ({ code: 0, stderr: '' }), (error: { code: number, stderr: string }) => error)

const before = await startCalls(stack, key, 2)
const during = await startCalls(stack, key, 2)
await talk([...before, ...during], 30)
await release(callersOf(before))
await until('the first calls are booked', async () => (await ledgerSessions(stack, 'shop', 'ended')).length === 4, 45_000)

t.test('a backup is made while everything serves, for its owner alone', async t => {
  const { stdout } = await stack.script('backup', folder)
  t.match(stdout, /sha256 [0-9a-f]{64}/)
  for (const name of await readdir(folder)) t.equal((await stat(join(folder, name))).mode & 0o177, 0, name)
  const manifest = JSON.parse(await stack.read('backups', 'first', 'manifest.json'))
  const { body: { head } } = await stack.admin('GET', '/audit/verify')
  t.match(manifest, { format: 1, version: /./, auditHead: `${head.sequence}:${head.hash}` })
  t.equal(manifest.bytes, (await stat(join(folder, 'central.rdb'))).size)
})

t.test('it is put back over nothing that runs, nothing that is there, and not where it was changed', async t => {
  t.match(await refused(folder), { code: 2, stderr: /central Redis runs/ })
  await stack.signal('central-redis', 'SIGKILL')
  await until('it is gone', async () => (await refused(folder)).stderr.startsWith('restore: ') && (await refused(folder)).stderr.includes('holds data'))
  t.match(await refused(join(stack.folder, 'backups')), { code: 1, stderr: /holds no backup/ })
  const changed = join(stack.folder, 'backups', 'changed')
  await stack.up()
  await stack.script('backup', changed)
  await writeFile(join(changed, 'central.rdb'), 'x', { flag: 'a' })
  await stack.signal('central-redis', 'SIGKILL')
  await until('it is found changed', async () => /is not what was saved/.test((await refused(changed, '--force')).stderr))
  await stack.up()
})

t.test('the centre is destroyed and restored while its relays go on: the ledger is exact to the byte', async t => {
  const after = await startCalls(stack, key, 2)
  await talk([...after, ...during], 30)
  await release(callersOf([...after, ...during]))
  await until('all is booked', async () => (await ledgerSessions(stack, 'shop', 'ended')).length === 12, 45_000)
  const audited = (await stack.admin('GET', '/audit/verify')).body.head.sequence

  await stack.signal('central-redis', 'SIGKILL')
  await rm(join(stack.folder, 'redis'), { recursive: true })
  const { stdout } = await stack.script('restore', folder)
  t.match(stdout, /^restored \d+ keys/)
  t.match(await stack.up(), /^ready in /m)

  t.equal((await stack.issue(key)).status, 201, 'the app and its key')
  await expectExact(t, stack, 'shop', callersOf([...before, ...during, ...after]), witness, 'what was relayed before, across and after the backup')
  t.match(await appUsage(stack, 'shop'), { sessions: 12 })
  const { body: audit } = await stack.admin('GET', '/audit/verify')
  t.match(audit, { intact: true })
  t.ok(audit.head.sequence <= audited, 'the audit as it was')
})

t.test('a state folder that only .env names is that of every script', async t => {
  delete stack.environment.SPILLWAY_STATE_DIR
  t.teardown(() => { stack.environment.SPILLWAY_STATE_DIR = stack.folder })
  stack.environment.COMPOSE_ENV_FILES = join(stack.folder, 'env')
  // from the folder of docker-compose.yml, as Compose reads it
  await writeFile(stack.environment.COMPOSE_ENV_FILES, `# where it is\nSPILLWAY_STATE_DIR='${relative(ROOT, stack.folder)}' # elsewhere\n`)
  const controlPlane = await stack.pid('control-plane')

  t.match(await stack.up(), /^ready in /m)
  t.equal(await stack.pid('control-plane'), controlPlane, 'what runs is left alone')
  t.match((await stack.script('doctor', '--short')).stdout, /^doctor: \d+ ok/)
  const other = join(stack.folder, 'backups', 'other')
  t.match((await stack.script('backup', other)).stdout, /sha256/)
  t.match(await refused(other), { code: 2, stderr: /central Redis runs/ })
  await stack.script('down')
  t.same((await readdir(join(stack.folder, 'run'))).filter(name => name.endsWith('.pid')), [])
})

t.test('no log of this run holds a secret', stack.searchLogs)
