import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** NIST SP 800-38D, 5.2.1.1: 96 bits is the nonce length GCM is made for. */
export const SEAL_NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * A secret that must be readable again, as it may lie in Redis: AES-256-GCM under a 32-byte key. `nonce` must be random
 * and never used twice.
 */
export function seal (key: KeyObject, text: string, nonce: Buffer): string {
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url')
}

/** Undefined where it was sealed under another key, or changed since. */
export function unseal (key: KeyObject, sealed: string): string | undefined {
  const bytes = Buffer.from(sealed, 'base64url')
  if (bytes.length < SEAL_NONCE_BYTES + TAG_BYTES) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, SEAL_NONCE_BYTES))
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  try {
    return decipher.update(bytes.subarray(SEAL_NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
  } catch {
    return undefined
  }
}
