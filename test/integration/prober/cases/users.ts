import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificate } from '../../../helpers/certificates.ts'
import { startCoturn } from '../../../helpers/coturn-server.ts'
import { startRedisServer } from '../../../helpers/redis-server.ts'
import { expectGood, expectNothingHeld, failedAt, openSockets, probe, urlsOf, type Case } from './probing.ts'

/** A relay that is good, and then cannot tell who its users are. */
export const testUsers: Case = async (t, turnserver) => {
  const redis = await startRedisServer(t, { variant: 'node' })
  const folder = mkdtempSync(join(tmpdir(), 'spillway-probe-'))
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  const coturn = await startCoturn(t, {
    redis,
    turnserver,
    settings: address => makeCertificate(folder, address).then(({ cert, key }) => ({ COTURN_TLS_CERT: cert, COTURN_TLS_KEY: key }))
  })
  const ca = readFileSync(join(folder, 'ca.pem'), 'utf8')
  const urls = urlsOf(coturn.address)
  const { udp } = urls

  await t.test('good over udp, tcp and tls, and nothing is left of it', async t => {
    for (const url of Object.values(urls)) {
      const sockets = openSockets()
      const found = await probe(t, { url, credential: coturn.credential(), ca })
      t.equal(openSockets(), sockets, 'no socket is left')
      expectGood(t, found)
      if (url === urls.tls) t.ok(Math.abs((found.certificateExpiresAtMs ?? 0) - Date.now() - 24 * 3_600_000) < 60_000, 'when the certificate expires')
      else t.equal(found.certificateExpiresAtMs, null)
    }
    await expectNothingHeld(coturn)
  })

  await t.test('many at once', async t => {
    const sockets = openSockets()
    const all = await Promise.all(Array.from({ length: 10 }, () => Object.values(urls)).flat().map(url => probe(t, { url, credential: coturn.credential(), ca })))
    t.equal(openSockets(), sockets)
    for (const found of all) t.match(found, { failure: null })
    await expectNothingHeld(coturn)
  })

  await t.test('without a credential, and at a stun: URL, only Binding is asked', async t => {
    for (const options of [{ url: udp }, { url: urls.tcp }, { url: urls.tls, ca }, { url: udp.replace('turn:', 'stun:').replace(/[?].*/, ''), credential: coturn.credential() }]) {
      const found = await probe(t, options)
      t.match(found, { failure: null, answered: true, allocateMs: null, relayMs: null, packetsSent: 0 }, options.url)
      t.ok((found.bindingMs ?? 0) > 0)
    }
    t.same(await coturn.allocations(), [])
  })

  await t.test('a secret that is not the relay’s', async t => {
    const found = await probe(t, { url: udp, credential: coturn.credential('another secret') })
    t.match(found, { failure: failedAt('allocate', 'unauthorized', 401), answered: true, allocateMs: null })
  })

  await t.test('a user database that hangs: silence at allocate only, and nothing is held once it goes on', async t => {
    redis.pause()
    const sockets = openSockets()
    const found = await Promise.all([urls.udp, urls.tls].map(url => probe(t, { url, credential: coturn.credential(), ca })))
    t.equal(openSockets(), sockets)
    redis.resume()
    for (const each of found) {
      t.match(each, { failure: failedAt('allocate', 'timeout'), answered: true, allocateMs: null })
      t.ok((each.bindingMs ?? 0) > 0)
    }
    // asked behind what hung, so that is answered too by the time this is
    expectGood(t, await probe(t, { url: udp, credential: coturn.credential() }))
    await expectNothingHeld(coturn)
  })

  await t.test('a relay stopped in its tracks: the kernel accepts for it, TLS gets no answer', async t => {
    await coturn.pause()
    t.match(await probe(t, { url: urls.tls, credential: coturn.credential(), ca }), { failure: failedAt('tls', 'timeout'), answered: true, certificateExpiresAtMs: null })
    coturn.resume()
  })

  await t.test('a user database that is gone', async t => {
    await redis.kill9()
    const found = await probe(t, { url: udp, credential: coturn.credential() })
    t.match(found, { failure: failedAt('allocate', 'unauthorized', 401), answered: true })
    await redis.start()
  })
}
