import { timingSafeEqual } from 'node:crypto'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { NodeId, Region } from './node.ts'
import { RelayAddresses } from './relay-addresses.ts'
import { sha256 } from './sha256.ts'

/** What is kept of a join token: never its secret, only the SHA-256 of it. */
export const JoinToken = Type.Object({
  secretSha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  node: Type.Union([NodeId, Type.Null()], { description: 'what the node will be called; null: whoever joins gets a new name' }),
  region: Type.Union([Region, Type.Null()], { description: 'where it stands, unless its machine says otherwise' }),
  addresses: Type.Optional(RelayAddresses),
  createdAt: Type.String(),
  createdBy: Type.String({ description: 'name of the admin token' }),
  expiresAt: Type.String(),
  usedAt: Type.Union([Type.String(), Type.Null()], { description: 'null: not yet' }),
  usedAs: Type.Union([NodeId, Type.Null()], { description: 'the node that came of it' })
})
export type JoinToken = Static<typeof JoinToken>

/** Why a token opens nothing. */
export type JoinTokenFlaw = 'unknown' | 'used' | 'expired'

export const JOIN_TOKEN_ID_PATTERN = '^[0-9a-f]{16}$'
/** A token that is over is shown this long, for whoever wonders what became of it. */
export const KEEP_JOIN_TOKEN_MS = 86_400_000
const JOIN_TOKEN = /^jt_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/

/** What is shown once. @param secret 32 random bytes as base64url */
export const spellJoinToken = (id: string, secret: string): string => `jt_${id}_${secret}`

export function parseJoinToken (token: string): { id: string, secret: string } | undefined {
  const [, id, secret] = JOIN_TOKEN.exec(token) ?? []
  return id === undefined || secret === undefined ? undefined : { id, secret }
}

/** What is wrong with a token, undefined where nothing is. Only who knows its secret learns that it was used or is over. */
export function findJoinTokenFlaw (kept: JoinToken | null, secret: string, nowMs: number): JoinTokenFlaw | undefined {
  if (!kept || !timingSafeEqual(Buffer.from(sha256(secret)), Buffer.from(kept.secretSha256))) return 'unknown'
  if (kept.usedAt !== null) return 'used'
  return Date.parse(kept.expiresAt) <= nowMs ? 'expired' : undefined
}

/** True for one that was used or is over, for long enough. */
export const isForgettable = ({ usedAt, expiresAt }: JoinToken, nowMs: number): boolean =>
  Date.parse(usedAt ?? expiresAt) + KEEP_JOIN_TOKEN_MS <= nowMs

/** A name for a node that was given none; the region in it is for people. @param random six hex digits */
export const nameNode = (region: string | null, random: string): string => `${(region ?? 'node').slice(0, 24).replace(/^-+/, '') || 'node'}-${random}`
