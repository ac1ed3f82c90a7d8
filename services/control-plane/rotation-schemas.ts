import { Type } from 'typebox'
import { MAX_TTL_SECONDS } from '../domain/app.ts'
import { ShownDesired } from '../domain/node.ts'
import { KEY_ID_PATTERN } from '../domain/turn-credential.ts'
import { Timestamp } from './admin-schemas.ts'

const closed = { additionalProperties: false }

/** Below this a replica that is a snapshot or two behind could still be signing with the old secret. */
const MIN_OVERLAP_SECONDS = 5
const MAX_OVERLAP_SECONDS = 7 * 86_400
/** The longest ttl there is, and a minute for replicas that are behind and clocks that differ. */
export const DEFAULT_OVERLAP_SECONDS = MAX_TTL_SECONDS + 60

export const Rotate = Type.Object({
  overlapSeconds: Type.Optional(Type.Integer({
    minimum: MIN_OVERLAP_SECONDS,
    maximum: MAX_OVERLAP_SECONDS,
    description: `how long the old secrets are accepted once a node has confirmed the new one; default ${DEFAULT_OVERLAP_SECONDS}, the longest ttl and a minute. Shorter: credentials issued before are refused from then on`
  }))
}, closed)

export const RotatingNode = Type.Object({ id: Type.String(), desired: ShownDesired }, closed)

export const MasterKeyParams = Type.Object({ id: Type.String({ pattern: KEY_ID_PATTERN }) })

const Retired = Type.Object({ id: Type.String(), retiredAt: Timestamp('when'), namesVerifiedUntil: Timestamp('calls under names minted with it are booked until then') }, closed)

export const MasterKeyReply = Type.Object({
  keys: Type.Array(Type.Object({
    id: Type.String(),
    createdAt: Type.Union([Timestamp('when it was made'), Type.Null()], { description: 'null: the first key of the fleet' }),
    current: Type.Boolean({ description: 'new names, tags and secrets come from it' }),
    nodes: Type.Array(Type.String(), { description: 'nodes that accept a secret that derives from it' }),
    retirable: Type.Boolean({ description: 'whether DELETE would retire it now' })
  }, closed), { description: 'the current one last; two during a rotation' }),
  retired: Type.Array(Retired)
}, closed)

export const NewMasterKeyReply = Type.Object({
  id: Type.String(),
  key: Type.String({ description: 'shown this once' }),
  next: Type.String({ description: 'what to do with it' })
}, closed)

export const CurrentKeyReply = Type.Object({ id: Type.String({ description: 'of the master key that is the current one now' }) }, closed)

export const RetiredReply = Type.Object({ ...Retired.properties, next: Type.String({ description: 'what is left to do' }) }, closed)
