import { setTimeout as delay } from 'node:timers/promises'
import { Compile } from 'typebox/compile'
import { AuditEntry, chainEntry, EMPTY_CHAIN, UNREADABLE } from '../domain/audit.ts'
import type { Actor, AuditHead } from '../domain/audit.ts'
import { answersOf } from './connect.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'

/** One write of a change. The other files of this folder make them, so that keys are spelt here alone. */
export type Write =
  /** a field of a hash; null takes it out */
  | { hash: string, field: string, after: string | null }
  /** a member of a set */
  | { set: string, member: string, present: boolean }
  /** a whole key that others write too, so it must still be what it was */
  | { string: string, before: string | null, after: string | null }
  /** a whole key to be deleted, whoever wrote it and whatever it is */
  | { gone: string }

/** What was decided, to be written together with its entry in the audit. */
export interface Change<Result> {
  action: string
  target: string
  before: unknown
  after: unknown
  writes: Write[]
  result: Result
}

/** Another change came between, every time. */
export class ChangesCollided extends Error {}

/** Changes are made by people and their tools: seven of them in the same moment are one too many. */
const ATTEMPTS = 8
const RETRY_MS = 15

/**
 * Makes one change: `decide` reads what it needs and says what shall be written, or returns a bare result where nothing
 * is to be changed. Where another change comes between, it decides again.
 * @throws what `decide` throws, and ChangesCollided where others never leave it a moment
 */
export async function makeChange<Result> (redis: Redis, actor: Actor, nowMs: number, decide: () => Promise<Change<Result> | { result: Result }>): Promise<Result> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const head = await redis.get(centralKeys.auditHead)
    const change = await decide()
    if (!('writes' in change) || await commit(redis, actor, nowMs, head, change)) return change.result
    await delay(RETRY_MS * attempt)
  }
  throw new ChangesCollided('too many changes at the same time')
}

async function commit (redis: Redis, actor: Actor, nowMs: number, head: string | null, change: Change<unknown>): Promise<boolean> {
  const { action, target, before, after, writes } = change
  const entry = chainEntry(parseHead(head), { actor: actor.name, role: actor.role, action, target, before, after }, new Date(nowMs).toISOString())
  const spelt = writes.map(spell)
  const keys = [centralKeys.audit, centralKeys.auditHead, ...spelt.map(({ key }) => key)]
  return await redis.commitChange(keys.length, ...keys, head ?? '', `${entry.sequence}:${entry.hash}`, JSON.stringify(entry), ...spelt.flatMap(({ values }) => values)) === 1
}

/** As commit-change.lua takes it: kind, field, before, after. */
function spell (write: Write): { key: string, values: [string, string, string, string] } {
  if ('hash' in write) return { key: write.hash, values: ['hash', write.field, '', write.after ?? ''] }
  if ('set' in write) return { key: write.set, values: ['set', write.member, '', write.present ? 'present' : ''] }
  if ('gone' in write) return { key: write.gone, values: ['gone', '', '', ''] }
  return { key: write.string, values: ['string', '', write.before ?? '', write.after ?? ''] }
}

function parseHead (head: string | null): AuditHead {
  const [, sequence, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(head ?? '') ?? []
  return sequence !== undefined && hash !== undefined ? { sequence: Number(sequence), hash } : EMPTY_CHAIN
}

export const readAuditHead = async (redis: Redis): Promise<AuditHead> => parseHead(await redis.get(centralKeys.auditHead))

const entryCheck = Compile(AuditEntry)

/** Whoever tampers with the list writes what he likes: that must be found, not stumbled over. */
function parseEntry (json: string): AuditEntry {
  try {
    const entry: unknown = JSON.parse(json)
    return entryCheck.Check(entry) ? entry : UNREADABLE
  } catch {
    return UNREADABLE
  }
}

/** Entries of a sequence from `first` on, the oldest first, and the head of the same moment; the first of all has number 1. */
export async function readAudit (redis: Redis, first: number, count: number): Promise<{ entries: AuditEntry[], head: AuditHead }> {
  const [entries, head] = await answersOf(redis.multi().lrange(centralKeys.audit, first - 1, first - 2 + count).get(centralKeys.auditHead).exec())
  return { entries: (entries as string[]).map(parseEntry), head: parseHead(head as string | null) }
}
