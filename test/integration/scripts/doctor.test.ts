import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { checkCertificate, checkServed } from '../../../scripts/diagnose/check-certificate.ts'
import { checkAddress, checkCoturnVersion, checkFileLimit } from '../../../scripts/diagnose/check-machine.ts'
import { checkClocks, checkNames } from '../../../scripts/diagnose/check-relays.ts'
import { fail, lookAt, ok, tellShort, warn } from '../../../scripts/diagnose/finding.ts'
import { freePort } from '../../../scripts/free-port.ts'
import { makeCertificate } from '../../helpers/certificates.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'spillway-doctor-'))
t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
const DAY_MS = 86_400_000

t.test('an old coturn fails where others reach it, and is a warning on loopback', async t => {
  t.match(checkCoturnVersion('4.6.1', true), [{ level: 'fail', found: /GHSA-4g7c-p5wg-j4hp/, todo: /4\.17/ }])
  t.match(checkCoturnVersion('4.6.1', false), [{ level: 'warn' }])
  t.match(checkCoturnVersion('4.18.0', true), [{ level: 'ok' }])
  t.match(checkCoturnVersion(undefined, false), [{ level: 'fail', todo: /apt-get/ }])
})

t.test('a certificate is told of before its end, and where it is for somebody else', async t => {
  const files = await makeCertificate(folder, 'turn.example.org')
  const level = (hosts: string[], nowMs = Date.now()) => checkCertificate('certificate', files, hosts, nowMs)[0]?.level
  t.equal(level(['turn.example.org']), 'warn', 'it lives for a day')
  t.equal(level(['turn.example.org'], Date.now() + 2 * DAY_MS), 'fail', 'its end')
  t.equal(level(['127.0.0.1']), 'fail', 'an address it does not name')
  t.equal(checkCertificate('certificate', { ...files, cert: join(folder, 'none') }, [], Date.now())[0]?.level, 'fail')
})

t.test('a server that goes on with the certificate it had is told of', async t => {
  const files = await makeCertificate(join(folder, 'first'), '127.0.0.1')
  const renewed = await makeCertificate(join(folder, 'second'), '127.0.0.1')
  const redis = await startRedisServer(t, { lines: [`tls-port ${await freePort()}`, 'tls-auth-clients no', `tls-ca-cert-file "${files.ca}"`, `tls-cert-file "${files.cert}"`, `tls-key-file "${files.key}"`] })
  const client = await redis.connect()
  const [, port] = await client.config('GET', 'tls-port') as string[]
  const look = async (cert: string) => await checkServed('served', { host: '127.0.0.1', port: Number(port) }, cert, 'up')
  t.match(await look(files.cert), [{ level: 'ok' }])
  t.match(await look(renewed.cert), [{ level: 'warn', todo: 'up' }])
  t.same(await checkServed('served', { host: '127.0.0.1', port: redis.port }, files.cert, 'up'), [], 'who does not speak TLS has none')
})

t.test('addresses, limits, names and clocks that do no good', async t => {
  t.match(checkAddress('n', '198.51.100.7', undefined), [{ level: 'fail', found: /not an address of this machine/ }])
  t.match(checkAddress('n', '127.0.1.1', undefined), [{ level: 'ok' }])
  const limits = readFileSync('/proc/self/limits', 'utf8')
  t.match(checkFileLimit('n', limits, 1e9, 'ulimit -n'), [{ level: 'warn', todo: /ulimit/ }])
  t.match(checkFileLimit('n', limits, 1, ''), [{ level: 'ok' }])
  const observed = { urls: ['turn:nowhere.invalid:3478?transport=udp', 'turn:localhost:3478?transport=udp', 'turn:127.0.0.1:3478'], relayIps: ['192.0.2.1'] }
  t.match((await checkNames({ id: 'n', clockSkewMs: 0, observed })).map(({ check, level }) => [check, level]), [['dns nowhere.invalid', 'fail'], ['dns localhost', 'warn']])
  t.match(checkClocks([{ id: 'a', clockSkewMs: 5, observed: null }, { id: 'b', clockSkewMs: -9_000, observed: null }, { id: 'c', clockSkewMs: null, observed: null }]).map(({ level }) => level), ['ok', 'warn'])
})

t.test('one line names the worst, and a look that breaks is a finding', async t => {
  t.equal(tellShort([ok('a', 'x'), ok('b', 'y')]), 'doctor: 2 ok')
  t.equal(tellShort([ok('a', 'x'), warn('b', 'soon over', 'renew'), fail('c', 'gone', 'start')]), 'doctor: 1 ok, 1 warning, 1 failure: c: gone (./scripts/doctor tells all)')
  t.match(await lookAt('odd', () => { throw new Error('broken') }), [{ check: 'odd', level: 'fail', found: 'broken' }])
})
