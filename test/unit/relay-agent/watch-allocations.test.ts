import t from 'tap'
import { stepOf } from '../../../services/domain/load-experience.ts'
import { AllocationWatch } from '../../../services/relay-agent/watch-allocations.ts'

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0)

t.test('an allocation of unknown rate stands in the step of its age, until its rate is known', async t => {
  const watch = new AllocationWatch()
  watch.begin('one', 0, true)
  watch.begin('two', 20_000, true)
  const { unresolved } = watch.look(26_000)
  t.equal(unresolved[stepOf(26)], 1)
  t.equal(unresolved[stepOf(6)], 1)
  watch.resolve('one', 2_000_000, 40_000)
  watch.resolve('one', 9_000_000, 41_000)
  const { unresolved: left, experience } = watch.look(41_000)
  t.equal(sum(left), 1)
  const [count = 0, megabits = 0] = [experience.resolved[stepOf(40)], experience.megabits[stepOf(40)]]
  t.ok(count > 0.9 && count <= 1 && Math.abs(megabits / count - 2) < 0.001, `two megabits, told once: ${megabits} of ${count}`)
  t.ok(sum(experience.entered) > stepOf(40), 'and each step of its life was entered')
})

t.test('what was not seen from its beginning counts, and teaches nothing', async t => {
  const watch = new AllocationWatch()
  watch.begin('old', 0, false)
  const { unresolved, experience } = watch.look(100_000)
  t.equal(unresolved[stepOf(100)], 1)
  t.equal(sum(experience.entered), 0)
  watch.resolve('old', 1, 101_000)
  t.equal(sum(watch.look(101_000).experience.resolved), 0)
})

t.test('with a new coturn nothing is left of the one before', async t => {
  const watch = new AllocationWatch()
  watch.begin('one', 0, true)
  watch.clear()
  t.equal(sum(watch.look(1_000).unresolved), 0)
  watch.resolve('one', 1, 2_000)
  t.equal(sum(watch.look(2_000).experience.resolved), 0)
})
