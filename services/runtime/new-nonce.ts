import { randomBytes } from 'node:crypto'
import { SEAL_NONCE_BYTES } from '../domain/seal.ts'

/** What each sealing takes anew: two under one nonce would give the key away. */
export const newNonce = (): Buffer => randomBytes(SEAL_NONCE_BYTES)
