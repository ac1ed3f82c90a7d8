import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { KEY_ID_PATTERN } from '../domain/turn-credential.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'
import { parseChecked } from './parse-checked.ts'

/** A TURN credential for the probes of one node, and what it was signed with. */
const ProbeCredential = Type.Object({
  username: Type.String({ minLength: 1 }),
  password: Type.String({ minLength: 1 }),
  expiresAtMs: Type.Integer(),
  generation: Type.Integer({ minimum: 1 }),
  keyId: Type.String({ pattern: KEY_ID_PATTERN, description: 'of the node key its secret derives from' })
})
export type ProbeCredential = Static<typeof ProbeCredential>

const credentialCheck = Compile(ProbeCredential)

/** It goes by itself when it expires, `ttlMs` from now. */
export const writeProbeCredential = (redis: Redis, node: string, credential: ProbeCredential, ttlMs: number): Promise<unknown> =>
  redis.set(centralKeys.probeCredential(node), JSON.stringify(credential), 'PX', ttlMs)

/** By node; one that has none, or none that can be read, is left out. */
export async function readProbeCredentials (redis: Redis, ids: readonly string[]): Promise<Map<string, ProbeCredential>> {
  const credentials = new Map<string, ProbeCredential>()
  if (ids.length === 0) return credentials
  const texts = await redis.mget(ids.map(centralKeys.probeCredential))
  for (const [index, text] of texts.entries()) {
    const credential = parseChecked(text, credentialCheck)
    if (credential) credentials.set(ids[index] ?? '', credential)
  }
  return credentials
}
