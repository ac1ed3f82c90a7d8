import fc from 'fast-check'
import t from 'tap'
import { newDesired } from '../../../services/domain/node.ts'
import type { DesiredNode, NodeFacts } from '../../../services/domain/node.ts'
import { addGeneration, retireGenerations, signingGeneration } from '../../../services/policy/rotate-generations.ts'

const rotating = addGeneration(newDesired('0123456789abcdef'), 60)
const confirmed: DesiredNode = { ...rotating, rotation: { overlapSeconds: 60, confirmedAtMs: 1_000 } }
/** Of what an agent says, only this matters here. */
const facts = (desired: DesiredNode, generationsApplied: number[] | null): NodeFacts =>
  ({ id: 'n', desired, observed: generationsApplied && { generationsApplied } as NodeFacts['observed'] })

t.test('a rotation adds the next number and takes none away', async t => {
  t.same(rotating, { ...newDesired('0123456789abcdef'), generations: [1, 2], rotation: { overlapSeconds: 60 } })
  t.same(addGeneration({ ...rotating, generations: [7] }, 5).generations, [7, 8], 'a number never comes twice')
})

t.test('what is signed with is the newest generation that is both wanted and confirmed, under the node key of its time', async t => {
  const desired: DesiredNode = { ...rotating, generations: [2, 3], nodeKeys: [{ from: 1, id: 'old' }, { from: 3, id: 'new' }] }
  t.same(signingGeneration(facts(desired, [2])), { generation: 2, keyId: 'old' })
  t.same(signingGeneration(facts(desired, [3, 2])), { generation: 3, keyId: 'new' })
  t.equal(signingGeneration(facts(desired, [1, 4])), undefined, 'neither one that is taken away nor one nobody wants')
  t.equal(signingGeneration(facts(desired, [])), undefined)
  t.equal(signingGeneration(facts(desired, null)), undefined)
})

t.test('nothing happens to a node that is not being rotated, has not spoken, or has not confirmed', async t => {
  t.equal(retireGenerations(facts(newDesired('0123456789abcdef'), [1]), 1e9), undefined)
  t.equal(retireGenerations(facts(rotating, null), 1e9), undefined)
  t.equal(retireGenerations(facts(rotating, [1]), 1e9), undefined)
  t.equal(retireGenerations(facts(rotating, []), 1e9), undefined)
})

t.test('the overlap begins when the newest is confirmed, and the old ones go when it is over', async t => {
  t.same(retireGenerations(facts(rotating, [1, 2]), 1_000), confirmed)
  t.equal(retireGenerations(facts(confirmed, [1, 2]), 60_999), undefined)
  t.same(retireGenerations(facts(confirmed, [1, 2]), 61_000), { ...newDesired('0123456789abcdef'), generations: [2] })
})

t.test('a node that falls back is signed for with the old secret again, so the overlap begins anew', async t => {
  t.same(retireGenerations(facts(confirmed, [1]), 61_000), rotating)
})

t.test('a node whose coturn is being restarted keeps its old secrets, and its overlap', async t => {
  t.equal(retireGenerations(facts(confirmed, []), 61_000), undefined)
  t.equal(retireGenerations(facts(confirmed, null), 61_000), undefined)
})

t.test('whatever an agent says and when, what it signs with is never taken from it before its time', async t => {
  const says = fc.constantFrom<number[] | null>([], [1], [2], [1, 2], [1, 2, 3], null)
  fc.assert(fc.property(fc.array(fc.tuple(says, fc.integer({ min: 1, max: 40_000 })), { maxLength: 30 }), steps => {
    let desired = rotating
    let nowMs = 0
    let lastSignedOldMs = 0
    for (const [applied, elapsedMs] of steps) {
      nowMs += elapsedMs
      const next = retireGenerations(facts(desired, applied), nowMs)
      if (next && !next.generations.includes(1)) return next.rotation === undefined && nowMs - lastSignedOldMs >= 60_000
      if (applied?.includes(1) && !applied.includes(2)) lastSignedOldMs = nowMs
      desired = next ?? desired
    }
    return desired.generations.includes(2)
  }))
})
