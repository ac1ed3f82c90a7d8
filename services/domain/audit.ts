import { Type } from 'typebox'
import type { Static } from 'typebox'
import { sha256 } from './sha256.ts'

/** What one admin token may do; each may also do what stands before it. */
export const ADMIN_ROLES = ['read', 'operate', 'admin'] as const
export type AdminRole = typeof ADMIN_ROLES[number]

/** Who makes a change. `spillway` itself is one where it finishes by itself what an operator began. */
export interface Actor {
  name: string
  role: AdminRole
}

export const SPILLWAY_ITSELF: Actor = { name: 'spillway', role: 'operate' }

export const mayActAs = (held: AdminRole, needed: AdminRole): boolean => ADMIN_ROLES.indexOf(held) >= ADMIN_ROLES.indexOf(needed)

/** What an entry calls a user: who knows the tag can find the entry, and the entry does not tell the tag. */
export const auditedUser = (userTag: string): string => `user ${sha256(userTag).slice(0, 16)}`

/** One change by the admin API. `before` and `after` hold no secret; null: it was, or is, not there. */
export interface AuditChange {
  actor: string
  role: AdminRole
  action: string
  target: string
  before: unknown
  after: unknown
}

export const AuditEntry = Type.Object({
  sequence: Type.Integer(),
  at: Type.String({ format: 'date-time', description: 'when' }),
  actor: Type.String({ description: 'name of the admin token' }),
  role: Type.Enum([...ADMIN_ROLES]),
  action: Type.String(),
  target: Type.String(),
  before: Type.Unknown(),
  after: Type.Unknown(),
  previous: Type.String({ description: 'hash of the entry before; empty for the first' }),
  hash: Type.String({ description: 'SHA-256 of all the rest of it' })
}, { additionalProperties: false })
export type AuditEntry = Static<typeof AuditEntry>

/** Stands where an entry was made unreadable; it follows from nothing. */
export const UNREADABLE: AuditEntry = { sequence: 0, at: new Date(0).toISOString(), actor: '', role: 'read', action: 'unreadable', target: '', before: null, after: null, previous: '', hash: '' }

/** Where the chain ends: its last entry's number and hash. */
export interface AuditHead {
  sequence: number
  hash: string
}

export const EMPTY_CHAIN: AuditHead = { sequence: 0, hash: '' }

/** The entry that follows `head`. */
export function chainEntry (head: AuditHead, change: AuditChange, at: string): AuditEntry {
  const entry = { sequence: head.sequence + 1, at, ...change, previous: head.hash }
  return { ...entry, hash: hashOf(entry) }
}

function hashOf ({ sequence, at, actor, role, action, target, before, after, previous }: Omit<AuditEntry, 'hash'>): string {
  return sha256(JSON.stringify([sequence, at, actor, role, action, target, before ?? null, after ?? null, previous]))
}

/**
 * The first entry that does not follow from the one before it, because it, or one between them, was changed, removed or
 * added by hand; undefined where there is none. What follows `head` is checked.
 */
export function findBreak (head: AuditHead, entries: readonly AuditEntry[]): AuditEntry | undefined {
  let last = head
  return entries.find(entry => {
    const follows = entry.sequence === last.sequence + 1 && entry.previous === last.hash && entry.hash === hashOf(entry)
    last = entry
    return !follows
  })
}
