import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { appUsage, callerOf, callersOf, connectClient, expectExact, release, startCalls, talk } from '../helpers/calls.ts'
import { SERVICES, startComposeStack, UNCOUNTED_CHALLENGE } from '../helpers/compose-stack.ts'

const stack = await startComposeStack(t)
const UNHEARD = { unheard: 'this test is about the ledger' }
const folder = join(stack.folder, 'backups', 'first')
const tried = async (name: string, ...args: string[]): Promise<{ code: number, stdout: string, stderr: string }> =>
  await stack.script(name, ...args).then(stdout => ({ code: 0, stdout, stderr: '' }), (error: { code: number, stdout: string, stderr: string }) => error)
const examine = async (): Promise<{ code: number, findings: Array<{ check: string, level: string, found: string, todo?: string }> }> => {
  const { code, stdout } = await tried('doctor', '--json')
  return { code, ...JSON.parse(stdout) }
}

t.test('up ends with what doctor found, and doctor looks at everything', async t => {
  t.match(stack.printed, /^doctor: \d+ ok/m)
  const { code, findings } = await examine()
  t.same(findings.filter(({ level }) => level === 'fail'), [])
  t.equal(code, 0)
  const checks = findings.map(({ check }) => check)
  for (const check of [...SERVICES.filter(name => name !== 'control-plane'), 'address node-1', 'udp-buffers', 'file-limit node-1', 'coturn-version', 'certificate', 'credentials', 'clock node-1']) t.ok(checks.includes(check), check)
  t.match(findings.filter(({ check }) => /^turns?:/.test(check)), [{ found: /STUN and Allocate/ }, { found: /STUN and Allocate/ }, { found: /STUN and Allocate/ }])
  t.match(findings.find(({ check }) => check === 'file-limit node-1'), { found: /^16384 open files/ }, 'those of the container')
  t.match(findings.find(({ check }) => check === 'coturn-version'), { level: 'ok', found: /coturn 4\.\d/ }, 'that of the container')
})

t.test('what does not run is named, with what to do', async t => {
  await stack.compose('stop', 'coturn')
  const { code, findings } = await examine()
  t.equal(code, 1)
  t.match(findings.find(({ check }) => check === 'coturn'), { level: 'fail', found: /is exited/, todo: /docker compose logs coturn/ })
  t.ok(findings.some(({ check, level }) => /^turn:/.test(check) && level === 'fail'), 'as it looks to clients')
  await stack.compose('start', 'coturn')
  await stack.untilHealth('healthy', SERVICES, 60_000)
})

t.test('a backup outlives the volumes: apps, keys, the ledger, and credentials that were out', async t => {
  const key = await stack.createApp('shop')
  const calls = await startCalls(stack, key, 2)
  await talk(calls, 50)
  await release(callersOf(calls))
  await expectExact(t, stack, 'shop', callersOf(calls), UNHEARD, 'before', UNCOUNTED_CHALLENGE)
  const usage = await appUsage(stack, 'shop')
  const { iceServers: [old] } = (await stack.issue(key)).body

  t.match(await tried('backup', folder), { code: 0, stdout: /sha256 [0-9a-f]{64}/ })
  const { size, mode } = await stat(join(folder, 'central.rdb'))
  t.equal(mode & 0o177, 0, 'for its owner alone')
  t.match(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')), { bytes: size, layout: '1', auditHead: /^\d+:/ })
  t.match(await tried('restore', folder), { code: 2, stderr: /holds data/ })
  t.equal(await stack.compose('exec', '-T', 'redis', 'ls', '/data'), 'appendonlydir\n', 'nothing of either lies in the volume')

  await stack.script('down', '-v')
  await stack.script('up', '--detach')
  t.equal((await stack.issue(key)).status, 401, 'nobody knows the key')
  t.match(await tried('restore', folder, '--force'), { code: 0, stdout: /^restored \d+ keys/m })
  await stack.untilHealth('healthy', SERVICES, 60_000)

  t.same(await appUsage(stack, 'shop'), usage, 'the ledger')
  t.match(await stack.admin('GET', '/audit/verify'), { body: { intact: true } })
  const late = callerOf(await connectClient(old, 'udp'), old)
  await late.client.allocate()
  const more = await startCalls(stack, key, 1)
  await talk(more, 10)
  await release([late, ...callersOf(more)])
  await expectExact(t, stack, 'shop', [late, ...callersOf([...calls, ...more])], UNHEARD, 'across the restore, one with a credential from before', UNCOUNTED_CHALLENGE)
})

t.test('what is not ours, or of a newer layout, is refused before anything stops', async t => {
  const containers = async () => (await stack.containers()).map(({ ID }) => ID).sort()
  const before = await containers()
  const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'))
  const other = join(stack.folder, 'backups', 'other')
  await stack.script('backup', other)
  const claim = async (differs: object) => { await writeFile(join(other, 'manifest.json'), JSON.stringify({ ...manifest, ...differs })) }
  await claim({})
  t.match(await tried('restore', other, '--force'), { code: 1, stderr: /is not what was saved/ })
  await claim({ layout: '2' })
  t.match(await tried('restore', other, '--force'), { code: 2, stderr: /key layout 2/ })
  t.match(await tried('restore', stack.folder, '--force'), { code: 1, stderr: /holds no backup/ })
  t.same(await containers(), before)
})

t.test('a restore that is killed in the middle leaves the old data or the new, and up goes on', async t => {
  await stack.createApp('later')
  const restoring = spawn(fileURLToPath(new URL('../../scripts/restore', import.meta.url)), [folder, '--force'], { env: stack.environment, stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(restoring, 'exit')
  for await (const text of restoring.stdout.setEncoding('utf8')) if (/stops what writes/.test(text)) restoring.kill('SIGKILL')
  t.match(await ended, [null, 'SIGKILL'])
  t.match(await tried('up', '--detach'), { code: 0, stdout: /^ready in /m })
  const apps = async (): Promise<string[]> => (await stack.admin('GET', '/apps')).body.apps.map(({ id }: { id: string }) => id).sort()
  t.same(await apps(), ['demo', 'later', 'shop'], 'the old, as the new had not taken its place')
  await stack.script('restore', folder, '--force')
  t.same(await apps(), ['demo', 'shop'], 'and once more it goes through')
})
