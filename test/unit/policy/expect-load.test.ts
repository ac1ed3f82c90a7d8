import fc from 'fast-check'
import t from 'tap'
import { AGES_SECONDS, noExperience, stepOf, STEPS } from '../../../services/domain/load-experience.ts'
import { expectLoad } from '../../../services/policy/expect-load.ts'
import { LoadLearner } from '../../../services/policy/learn-load.ts'

/** One allocation from its beginning to the age at which its rate became known, or to where it is watched no more. */
function live (learner: LoadLearner, untilSeconds: number, megabits?: number, count = 1): void {
  const last = stepOf(untilSeconds)
  for (let step = 0; step <= last; step++) learner.enter(step, count)
  if (megabits !== undefined) learner.resolve(last, megabits, count)
}

t.test('ages fall into steps, the last of which has no end', async t => {
  t.same([0, 1.9, 2, 29.9, 30, 319, 320, 1e9].map(stepOf), [0, 0, 1, 9, 10, 21, 22, 22])
  for (const [step, age] of AGES_SECONDS.entries()) t.equal(stepOf(age), step)
})

t.test('nothing seen yet: one in eight carries two megabits', async t => {
  const { mean } = expectLoad([])
  t.equal(mean[0], 0.25)
  t.equal(mean[STEPS - 1], 0, 'and what has lived so long without a report carries nothing')
  t.same(expectLoad([noExperience()]), expectLoad([]))
})

t.test('much experience outweighs the belief: the mean is that of all allocations', async t => {
  const learner = new LoadLearner()
  live(learner, 9, 4, 10_000)
  live(learner, 30, 0, 30_000)
  const { mean, variance } = expectLoad([learner.experience])
  t.ok(Math.abs((mean[0] ?? 0) - 1) < 0.01, `${mean[0]} where a quarter carries four`)
  t.ok(Math.abs((variance[0] ?? 0) - 3) < 0.05, `${variance[0]}: a quarter of sixteen, less one`)
  t.ok((mean[6] ?? 1) < 0.02, 'who is not known after the calls have been carries nothing')
})

t.test('a rush of young allocations does not look like one of calls: those not known yet count as well', async t => {
  const [settled, rush] = [new LoadLearner(), new LoadLearner()]
  for (const learner of [settled, rush]) {
    live(learner, 9, 4, 2_000)
    live(learner, 30, 0, 6_000)
  }
  // of ten thousand that began nine seconds ago, the calls among them are known already, the idle ones are not
  live(rush, 9, 4, 2_500)
  live(rush, 9, undefined, 7_500)
  const [before = 0, meanwhile = 0] = [settled, rush].map(learner => expectLoad([learner.experience]).mean[0])
  t.ok(Math.abs(before - meanwhile) < 0.03, `${meanwhile} beside ${before}`)
})

t.test('of slow calls, what is still unknown after all idle ones have gone carries their whole rate', async t => {
  const learner = new LoadLearner()
  live(learner, 170, 0.1, 1_000)
  live(learner, 29, 0, 3_000)
  const { mean } = expectLoad([learner.experience])
  const [young = 0, old = 0] = [mean[0], mean[stepOf(60)]]
  t.ok(Math.abs(young - 0.025) < 0.01, `${young} at first`)
  t.ok(Math.abs(old - 0.1) < 0.01, `${old} after a minute`)
})

t.test('experience of several nodes adds up, and fades by half in ten minutes', async t => {
  const [one, two] = [new LoadLearner(), new LoadLearner()]
  live(one, 9, 8, 1_000)
  live(two, 30, 0, 3_000)
  const [together = 0, alone = 0] = [[one, two], [one]].map(learners => expectLoad(learners.map(({ experience }) => experience)).mean[0])
  t.ok(Math.abs(together - 2) < 0.05 && alone > 7.5, `${together} and ${alone}`)
  one.fade(600)
  t.equal(one.experience.entered[0], 500)
})

t.test('whatever was seen, nothing is expected below zero or above the largest rate', async t => {
  const life = fc.record({ age: fc.nat({ max: 400 }), megabits: fc.option(fc.double({ min: 0, max: 50, noNaN: true }), { nil: undefined }), count: fc.integer({ min: 1, max: 500 }) })
  fc.assert(fc.property(fc.array(life, { maxLength: 30 }), lives => {
    const learner = new LoadLearner()
    for (const { age, megabits, count } of lives) live(learner, age, megabits, count)
    const { mean, variance } = expectLoad([learner.experience])
    const largest = Math.max(2, ...lives.map(({ megabits = 0 }) => megabits))
    return mean.length === STEPS && mean.every(value => value >= 0 && value <= largest * 1.001) && variance.every(value => value >= 0 && Number.isFinite(value))
  }))
  t.pass('by 100 random lives')
})
