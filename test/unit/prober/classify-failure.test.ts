import t from 'tap'
import { cameFromThere, classifyFailure, ProbeTimeout } from '../../../services/prober/classify-failure.ts'
import { CertificateFailure } from '../../../services/turn/tls-certificate.ts'
import { TurnError, TurnFailure, failureOf } from '../../../services/turn/turn-errors.ts'

const socketError = (code: string) => Object.assign(new Error(code), { code })

t.test('STUN errors by what coturn means by them', async t => {
  for (const [code, cause] of [
    [300, 'stun_error'], [400, 'stun_error'], [401, 'unauthorized'], [403, 'forbidden'], [437, 'stun_error'], [438, 'stun_error'],
    [442, 'stun_error'], [486, 'quota'], [500, 'stun_error'], [508, 'no_ports']
  ] as const) {
    const failure = classifyFailure('allocate', new TurnError('allocate', code, ''))
    t.same(failure, { stage: 'allocate', cause, code })
    t.equal(cameFromThere(failure), true)
  }
})

t.test('the opening knows how far it came; a request failed at the stage it was for', async t => {
  for (const [error, stage, cause, answered] of [
    [new TurnFailure('resolve', 'TURN_UNRESOLVED', ''), 'resolve', 'unresolved', false],
    [failureOf('connect', socketError('ENETUNREACH')), 'connect', 'unreachable', false],
    [failureOf('connect', socketError('EHOSTUNREACH')), 'connect', 'unreachable', false],
    [failureOf('connect', socketError('ECONNREFUSED')), 'connect', 'refused', true],
    [failureOf('connect', socketError('ETIMEDOUT')), 'connect', 'timeout', false],
    [failureOf('tls', socketError('ECONNRESET')), 'tls', 'closed', true],
    [failureOf('tls', socketError('ERR_SSL_WRONG_VERSION_NUMBER')), 'tls', 'tls_failed', true],
    [new TurnFailure('tls', 'TURN_TIMEOUT', ''), 'tls', 'timeout', true],
    [new CertificateFailure({ expiresAtMs: 1, problem: 'expired', reason: 'CERT_HAS_EXPIRED' }), 'tls', 'certificate_expired', true],
    [new CertificateFailure({ expiresAtMs: 1, problem: 'untrusted', reason: 'DEPTH_ZERO_SELF_SIGNED_CERT' }), 'tls', 'certificate_untrusted', true],
    [failureOf('createPermission', socketError('ECONNREFUSED')), 'permission', 'refused', true],
    [new TurnFailure('createPermission', 'TURN_BAD_ANSWER', ''), 'permission', 'stun_error', true],
    [new TurnFailure('createPermission', 'TURN_CONNECTION_LOST', ''), 'permission', 'closed', false],
    [new ProbeTimeout(), 'permission', 'timeout', false],
    [new TypeError('out of file descriptors'), 'permission', 'unreachable', false]
  ] as const) {
    const failure = classifyFailure('permission', error)
    t.same(failure, { stage, cause, code: null }, `${error.name} ${error.message}`)
    t.equal(cameFromThere(failure), answered, `${stage} ${cause}`)
  }
})
