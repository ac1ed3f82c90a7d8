import { Type } from 'typebox'
import type { Static } from 'typebox'
import { AppId } from './app.ts'
import { PROVIDERS } from './provider.ts'
import { USER_TAG_PATTERN } from './turn-credential.ts'

export const CALLER_KINDS = ['secret', 'publishable', 'jwt'] as const
/** How a caller proved itself: a key of one kind, or a token of the app's own. */
export type CallerKind = typeof CALLER_KINDS[number]

/** The record of one credential issued. No address, no credential, and of the user only the tag. */
export const Decision = Type.Object({
  atMs: Type.Integer({ description: 'unix time in milliseconds' }),
  app: AppId,
  userTag: Type.String({ pattern: USER_TAG_PATTERN }),
  caller: Type.Enum([...CALLER_KINDS]),
  provider: Type.Enum([...PROVIDERS]),
  reason: Type.String({ description: 'why this provider: healthy, saturated (all nodes are), unsure (no node is known to be well), fallback, circuit_open (a fallback for a provider that is left alone), last_resort' }),
  nodes: Type.Array(Type.String(), { description: 'of the own fleet, the first one first' }),
  region: Type.Union([Type.String(), Type.Null()]),
  ttlSeconds: Type.Integer(),
  expiresAtSeconds: Type.Integer({ description: 'unix time; as it stands in the TURN username' }),
  failed: Type.Array(Type.String(), { description: 'providers that were tried before and could not serve' }),
  skipped: Type.Optional(Type.Array(Type.Object({
    provider: Type.String(),
    reason: Type.String({ description: 'paid_spill_off: the app has it so. budget: it is used up. circuit_open: it failed lately' })
  }, { additionalProperties: false }), { description: 'providers that stand before it and were not tried; absent: none' }))
}, { additionalProperties: false })
export type Decision = Static<typeof Decision>
