import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { fail, ok, warn } from './finding.ts'
import type { Finding } from './finding.ts'

/** ACME clients renew a month before the end: one that has not is stuck. */
const SOON_MS = 14 * 86_400_000

export interface CertificateFiles { cert: string, key: string }

/** A certificate on disk: in force, for its key, and for every one of these hosts. */
export function checkCertificate (check: string, { cert, key }: CertificateFiles, hosts: readonly string[], nowMs: number): Finding[] {
  const renew = 'renew it (infra/README.md, TLS certificates of relays); it is taken up without a restart'
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(readFileSync(cert))
    if (!certificate.checkPrivateKey(createPrivateKey(readFileSync(key)))) return [fail(check, `${key} is not the key of ${cert}`, 'put both files of one renewal there')]
  } catch (error) {
    return [fail(check, `cannot be read: ${(error as Error).message}`, 'put a PEM certificate with its chain, and its key, where the relay may read them')]
  }
  const endsAtMs = Date.parse(certificate.validTo)
  const until = new Date(endsAtMs).toISOString().slice(0, 10)
  if (endsAtMs <= nowMs) return [fail(check, `expired on ${until}: browsers refuse it`, renew)]
  if (Date.parse(certificate.validFrom) > nowMs) return [fail(check, 'is not in force yet', "set this machine's clock")]
  const foreign = hosts.filter(host => (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) === undefined)
  if (foreign.length > 0) return [fail(check, `is not for ${foreign.join(', ')}, which clients are given`, 'set SPILLWAY_NODE_PUBLIC_URLS to its name, or get one for theirs')]
  return [endsAtMs - nowMs < SOON_MS ? warn(check, `ends on ${until}`, renew) : ok(check, `until ${until}`)]
}
