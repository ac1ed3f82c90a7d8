import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificate } from '../../../helpers/certificates.ts'
import type { Certificate } from '../../../helpers/certificates.ts'
import { startCoturn } from '../../../helpers/coturn-server.ts'
import { startRedisServer } from '../../../helpers/redis-server.ts'
import { failedAt, openSockets, probe, urlsOf, type Case } from './probing.ts'

/** Certificates that no browser accepts; their end is told all the same. */
export const testCertificates: Case = async (t, turnserver) => {
  const redis = await startRedisServer(t, { variant: 'node' })
  const folder = mkdtempSync(join(tmpdir(), 'spillway-probe-'))
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })

  const tlsProbe = async (make: (address: string) => Promise<Certificate>, { trusted = true, selfSigned = false } = {}) => {
    let made: Certificate | undefined
    const coturn = await startCoturn(t, {
      redis,
      turnserver,
      settings: async address => {
        made = await make(address)
        return selfSigned ? { COTURN_TLS_CERT: made.ca, COTURN_TLS_KEY: made.caKey } : { COTURN_TLS_CERT: made.cert, COTURN_TLS_KEY: made.key }
      }
    })
    const sockets = openSockets()
    const ca = trusted && made ? readFileSync(made.ca, 'utf8') : undefined
    const found = await probe(t, { url: urlsOf(coturn.address).tls, credential: coturn.credential(), ca })
    t.equal(openSockets(), sockets)
    const expiresInHours = ((found.certificateExpiresAtMs ?? NaN) - Date.now()) / 3_600_000
    return { found, expiresInHours: Math.round(expiresInHours) }
  }

  await t.test('expired', async t => {
    const { found, expiresInHours } = await tlsProbe(address => makeCertificate(join(folder, 'expired'), address, { expired: true }))
    t.match(found, { failure: failedAt('tls', 'certificate_expired'), answered: true, bindingMs: null })
    t.equal(expiresInHours, -1)
  })

  await t.test('for another name', async t => {
    const { found, expiresInHours } = await tlsProbe(() => makeCertificate(join(folder, 'other'), 'relay.example.org'))
    t.match(found, { failure: failedAt('tls', 'certificate_untrusted'), answered: true })
    t.equal(expiresInHours, 24)
  })

  await t.test('signed by a CA that is not trusted', async t => {
    const { found, expiresInHours } = await tlsProbe(address => makeCertificate(join(folder, 'unknown'), address), { trusted: false })
    t.match(found, { failure: failedAt('tls', 'certificate_untrusted'), answered: true })
    t.equal(expiresInHours, 24)
  })

  await t.test('self-signed', async t => {
    const { found, expiresInHours } = await tlsProbe(address => makeCertificate(join(folder, 'self'), address), { trusted: false, selfSigned: true })
    t.match(found, { failure: failedAt('tls', 'certificate_untrusted'), answered: true })
    t.equal(expiresInHours, 48)
  })
}
