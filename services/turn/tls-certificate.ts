import { checkServerIdentity, createSecureContext, getCACertificates, type PeerCertificate, type SecureContext, type TLSSocket } from 'node:tls'
import { TurnFailure } from './turn-errors.ts'

/** The certificate a relay showed, and what a browser would say to it. */
export interface SeenCertificate {
  /** Unix time in ms, of the relay's own certificate. */
  expiresAtMs: number
  /** Undefined: trusted, in force, and for the host of the URL. */
  problem: 'expired' | 'untrusted' | undefined
  /** OpenSSL's or Node's word for the problem, such as CERT_HAS_EXPIRED or ERR_TLS_CERT_ALTNAME_INVALID. */
  reason: string | undefined
}

/** The handshake went through, but a browser would have ended it there. */
export class CertificateFailure extends TurnFailure {
  override readonly name = 'CertificateFailure'
  readonly certificate: SeenCertificate

  constructor (certificate: SeenCertificate) {
    super('tls', certificate.problem === 'expired' ? 'TURN_CERTIFICATE_EXPIRED' : 'TURN_CERTIFICATE_UNTRUSTED', certificate.reason ?? 'the certificate is not good')
    this.certificate = certificate
  }
}

/** To parse a hundred root certificates takes long enough to be kept: there is one private CA, if any. */
let lastTrust: { ca: string, context: SecureContext } | undefined

/** Trust in what Node trusts by itself, and in a private CA beside it (PEM, one or more). Throws what OpenSSL says to a PEM it cannot read. */
export function trustAlso (ca: string): SecureContext {
  if (lastTrust?.ca !== ca) lastTrust = { ca, context: createSecureContext({ ca: [...getCACertificates('default'), ca] }) }
  return lastTrust.context
}

/**
 * Whether a certificate is for that host, by its subjectAltName alone, as browsers have it (RFC 9525 section 6.3). Node
 * by itself would take the common name where there is none.
 */
export function checkHost (host: string, certificate: PeerCertificate): Error | undefined {
  return checkServerIdentity(host, { ...certificate, subject: { ...certificate.subject, CN: '' } })
}

/**
 * Judges a handshake that was let through whatever it showed: the chain and its dates (OpenSSL), and the host name
 * (`checkHost`), all of which browsers check for turns: too. That it has expired is told first.
 * Undefined where the relay showed none.
 */
export function judgeCertificate (socket: TLSSocket): SeenCertificate | undefined {
  const shown = socket.getPeerX509Certificate()
  if (shown === undefined) return undefined
  const expiresAtMs = Date.parse(shown.validTo)
  if (socket.authorized) return { expiresAtMs, problem: undefined, reason: undefined }
  // Typed as an Error, but it is the code of one.
  const reason = String(socket.authorizationError)
  const expired = reason === 'CERT_HAS_EXPIRED' || expiresAtMs <= Date.now()
  return { expiresAtMs, problem: expired ? 'expired' : 'untrusted', reason }
}
