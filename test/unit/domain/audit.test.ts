import fc from 'fast-check'
import t from 'tap'
import { ADMIN_ROLES, chainEntry, EMPTY_CHAIN, findBreak, mayActAs, UNREADABLE } from '../../../services/domain/audit.ts'
import type { AuditChange, AuditEntry, AuditHead } from '../../../services/domain/audit.ts'

const AT = '2026-11-22T10:00:00.000Z'
const change = (differs: Partial<AuditChange> = {}): AuditChange => ({ actor: 'olga', role: 'admin', action: 'app.change', target: 'shop', before: null, after: { a: 1 }, ...differs })
const chain = (changes: readonly AuditChange[], head: AuditHead = EMPTY_CHAIN): AuditEntry[] => {
  const entries: AuditEntry[] = []
  for (const one of changes) entries.push(chainEntry(entries.at(-1) ?? head, one, AT))
  return entries
}
/** As it comes back from where it is kept. */
const kept = <T>(value: T): T => JSON.parse(JSON.stringify(value))
const anyChange: fc.Arbitrary<AuditChange> = fc.record({
  actor: fc.string({ unit: 'binary' }), role: fc.constantFrom(...ADMIN_ROLES), action: fc.string(), target: fc.string(), before: fc.jsonValue(), after: fc.jsonValue()
})
const anyChain = fc.array(anyChange, { minLength: 1, maxLength: 8 }).map(changes => kept(chain(changes)))

t.test('each role may do what the ones before it may', async t => {
  const allowed = ADMIN_ROLES.map(held => ADMIN_ROLES.filter(needed => mayActAs(held, needed)))
  t.same(allowed, [['read'], ['read', 'operate'], ['read', 'operate', 'admin']])
})

t.test('an entry names its change, its number and the entry before it', async t => {
  const [first, second] = chain([change(), change({ after: null })])
  t.match(first, { sequence: 1, at: AT, actor: 'olga', role: 'admin', action: 'app.change', target: 'shop', before: null, after: { a: 1 }, previous: '', hash: /^[0-9a-f]{64}$/ })
  t.match(second, { sequence: 2, previous: first?.hash })
  t.not(second?.hash, first?.hash)
  t.equal(chainEntry(EMPTY_CHAIN, change(), AT).hash, first?.hash, 'the same entry has the same hash')
})

t.test('a chain is whole as it comes back from where it is kept, from any of its entries on', async t => {
  t.equal(findBreak(EMPTY_CHAIN, []), undefined)
  fc.assert(fc.property(anyChain, fc.nat(), (entries, at) => {
    const from = at % entries.length
    return findBreak(entries[from - 1] ?? EMPTY_CHAIN, entries.slice(from)) === undefined
  }))
})

t.test('whatever field of whatever entry is changed, that entry is found', async t => {
  const field = fc.constantFrom<keyof AuditEntry>('sequence', 'at', 'actor', 'role', 'action', 'target', 'before', 'after', 'previous', 'hash')
  fc.assert(fc.property(anyChain, fc.nat(), field, fc.jsonValue(), (entries, at, field, value) => {
    const index = at % entries.length
    const before = entries[index] as AuditEntry
    fc.pre(JSON.stringify(value) !== JSON.stringify(before[field]))
    const changed = entries.with(index, { ...before, [field]: value })
    return findBreak(EMPTY_CHAIN, changed) === changed[index]
  }))
})

t.test('an entry taken out, put in twice, moved, or made unreadable is found', async t => {
  fc.assert(fc.property(fc.array(anyChange, { minLength: 3, maxLength: 6 }).map(changes => chain(changes)), fc.nat(), (entries, at) => {
    const index = at % (entries.length - 1)
    const twice = entries.toSpliced(index, 0, entries[index] as AuditEntry)
    const moved = entries.with(index, entries[index + 1] as AuditEntry).with(index + 1, entries[index] as AuditEntry)
    return findBreak(EMPTY_CHAIN, entries.toSpliced(index, 1)) !== undefined &&
      findBreak(EMPTY_CHAIN, twice) !== undefined &&
      findBreak(EMPTY_CHAIN, moved) === moved[index] &&
      findBreak(EMPTY_CHAIN, entries.with(index, UNREADABLE)) === UNREADABLE
  }))
})

t.test('who rewrites an entry must rewrite all behind it, and then ends at another head', async t => {
  const honest = chain([change(), change(), change()])
  const forged = chain([change(), change({ actor: 'nobody' }), change()])
  t.equal(findBreak(EMPTY_CHAIN, forged), undefined)
  t.not(forged.at(-1)?.hash, honest.at(-1)?.hash)
  t.equal(findBreak(honest[0] as AuditEntry, [forged[1] as AuditEntry, honest[2] as AuditEntry]), honest[2])
})
