import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../../../scripts/free-port.ts'
import { makeCertificate } from '../../../helpers/certificates.ts'
import { startCoturn } from '../../../helpers/coturn-server.ts'
import { startRedisServer } from '../../../helpers/redis-server.ts'
import { failedAt, openSockets, probe, type Case } from './probing.ts'

/** IPv6 addresses and host names in URLs. */
export const testNames: Case = async (t, turnserver) => {
  const redis = await startRedisServer(t, { variant: 'node' })
  const folder = mkdtempSync(join(tmpdir(), 'spillway-probe-'))
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  const start = async (address: string, name: string, options: { commonNameOnly?: boolean } = {}) => {
    const { ca, cert, key } = await makeCertificate(mkdtempSync(join(folder, 'certificate-')), name, options)
    const at = { address, port: await freePort(), tlsPort: await freePort() }
    const coturn = await startCoturn(t, { redis, turnserver, at, settings: () => ({ COTURN_TLS_CERT: cert, COTURN_TLS_KEY: key }) })
    return { ...at, ca: readFileSync(ca, 'utf8'), credential: coturn.credential() }
  }

  const hasIpv6 = Object.values(networkInterfaces()).flat().some(at => at?.address === '::1')
  await t.test('an IPv6 address', { skip: hasIpv6 ? false : 'this machine has no ::1' }, async t => {
    const { port, tlsPort, ca, credential } = await start('::1', '::1')
    const sockets = openSockets()
    for (const url of [`turn:[::1]:${port}`, `turn:[::1]:${port}?transport=tcp`, `turns:[::1]:${tlsPort}`]) {
      t.match(await probe(t, { url, ca }), { failure: null, answered: true }, url)
    }
    const found = await probe(t, { url: `turn:[::1]:${port}`, credential })
    t.match(found, { failure: failedAt('allocate', 'stun_error', 440) }, 'it has no IPv4 address to give, and no other was asked for (RFC 8656 section 7.2)')
    t.equal(openSockets(), sockets)
  })

  await t.test('a host name', async t => {
    const { port, tlsPort, ca } = await start('127.0.0.1', 'localhost')
    const sockets = openSockets()
    for (const url of [`stun:localhost:${port}`, `turn:localhost:${port}?transport=tcp`, `turns:localhost:${tlsPort}`]) {
      t.match(await probe(t, { url, ca }), { failure: null, answered: true }, url)
    }
    t.match(await probe(t, { url: `turns:127.0.0.1:${tlsPort}`, ca }), { failure: failedAt('tls', 'certificate_untrusted') }, 'the certificate is for the name')
    t.equal(openSockets(), sockets)
  })

  await t.test('a certificate that names the host in its subject alone, which browsers do not read', async t => {
    const { tlsPort, ca } = await start('127.0.0.1', 'localhost', { commonNameOnly: true })
    t.match(await probe(t, { url: `turns:localhost:${tlsPort}`, ca }), { failure: failedAt('tls', 'certificate_untrusted'), answered: true, certificateExpiresAtMs: Number })
  })
}
