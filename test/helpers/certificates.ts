import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const HOUR_MS = 3_600_000

/** Paths of PEM files. */
export interface Certificate {
  /** of the private CA that signed `cert`; itself a self-signed certificate */
  ca: string
  caKey: string
  cert: string
  key: string
}

/**
 * A certificate for an IP address or a host name, signed by a CA of its own, valid from an hour ago for a day.
 * @param folder where the files go; made if it is not there
 * @param expired it was valid for a day, until an hour ago
 * @param commonNameOnly it names the address in its subject and has no subjectAltName, as certificates of the past
 */
export async function makeCertificate (folder: string, address: string, { expired = false, commonNameOnly = false }: { expired?: boolean, commonNameOnly?: boolean } = {}): Promise<Certificate> {
  mkdirSync(folder, { recursive: true })
  const path = (name: string): string => join(folder, name)
  const files: Certificate = { ca: path('ca.pem'), caKey: path('ca.key'), cert: path('cert.pem'), key: path('cert.key') }
  const openssl = async (...args: string[]) => await run('openssl', args, { cwd: folder })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc']

  await openssl('req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=Test CA', '-keyout', files.caKey, '-out', files.ca)
  await openssl('req', '-new', ...newKey, '-subj', `/CN=${commonNameOnly ? address : 'relay'}`, '-keyout', files.key, '-out', path('request.pem'))
  writeFileSync(path('sign.conf'), configuration(commonNameOnly ? undefined : address))
  writeFileSync(path('index'), '')
  const endsAt = Date.now() + (expired ? -HOUR_MS : 24 * HOUR_MS)
  // `openssl ca` is the one command of OpenSSL 3.0 that takes a date to begin at
  await openssl('ca', '-batch', '-notext', '-config', 'sign.conf', '-in', 'request.pem', '-out', files.cert,
    '-startdate', asn1Time(endsAt - 25 * HOUR_MS), '-enddate', asn1Time(endsAt))
  return files
}

function configuration (address: string | undefined): string {
  return `[ca]
default_ca = test
[test]
database = index
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = relay
[any]
commonName = supplied
[relay]
basicConstraints = CA:FALSE
extendedKeyUsage = serverAuth
${address === undefined ? '' : `subjectAltName = ${isIP(address) === 0 ? 'DNS' : 'IP'}:${address}`}
`
}

/** GeneralizedTime, to the second. */
function asn1Time (ms: number): string {
  return new Date(ms).toISOString().replace(/[-:T]/g, '').replace(/\.\d+/, '')
}
