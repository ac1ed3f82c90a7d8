import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:tls'
import type { Address } from './settings.ts'

const ANSWER_MS = 2_000

/**
 * True where a server still shows another certificate than the one in the file: a running Redis keeps what it was started
 * with. Whoever it shows is not verified here. @throws Error where it does not speak TLS, or not at all
 */
export async function servesOther (address: Address, certificateFile: string): Promise<boolean> {
  const socket = connect({ ...address, rejectUnauthorized: false })
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(ANSWER_MS) })
    return socket.getPeerX509Certificate()?.fingerprint256 !== new X509Certificate(readFileSync(certificateFile)).fingerprint256
  } finally {
    socket.destroy()
  }
}
