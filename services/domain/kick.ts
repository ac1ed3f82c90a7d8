import { Type } from 'typebox'
import type { Static } from 'typebox'
import { USER_TAG_PATTERN } from './turn-credential.ts'

const closed = { additionalProperties: false }
const untilMs = Type.Integer({ description: 'when it ends, by the clock of the control plane, which then takes it back' })

/** Every session of a user ends, and every new one until the end. */
export const UserKick = Type.Object({ userTag: Type.String({ pattern: USER_TAG_PATTERN }), untilMs }, closed)
export type UserKick = Static<typeof UserKick>

/** One session ends. Its end time only says how long an agent that cannot be reached is waited for. */
export const SessionKick = Type.Object({
  boot: Type.String({ pattern: '^[A-Za-z0-9-]{1,64}$' }),
  allocation: Type.String({ pattern: '^[0-9]{18}$' }),
  untilMs
}, closed)
export type SessionKick = Static<typeof SessionKick>

export const Kick = Type.Union([UserKick, SessionKick])
export type Kick = Static<typeof Kick>

/** A list is read by every replica and by its agent each second: at a hundred bytes each, 50 KB at most. */
export const MAX_KICKS = 500

/** As long as a credential may live: behind it none of before is left. */
export const MAX_KICK_SECONDS = 86_400
/** For a kick that says no end: every agent has heard of it, and the reconnects clients make by themselves are refused. */
export const DEFAULT_KICK_SECONDS = 60
/** An agent that is being restarted, or cut off for a moment, still hears of it. */
export const SESSION_KICK_SECONDS = 300

/** Kicks are taken back this much behind their end: an agent that looks once a second has heard of the shortest. */
export const KICK_MARGIN_MS = 2_000
/**
 * Credentials begin again this much behind the end, so that no agent ends a session made with one of them: the kick is
 * taken back within a second of its margin, and heard of and acted on for two more at most.
 */
export const KICK_REFUSED_MS = KICK_MARGIN_MS + 4_000
