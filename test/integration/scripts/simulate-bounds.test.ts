import t from 'tap'
import { expectBounds, simulate } from '../../helpers/simulated-fleets.ts'

for (const [shape, seeds, capacityMegabits] of [['flash', [1, 2, 3], 1_000], ['sawtooth', [1], 500]] as const) {
  for (const seed of seeds) {
    t.test(`${shape}, seed ${seed}: hardly more is spilled than must be, and no node is overloaded`, async t => { expectBounds(t, simulate(shape, seed, capacityMegabits)) })
  }
}

t.test('what is simulated twice comes out the same', async t => {
  t.equal(JSON.stringify(simulate('flash', 1, 100)), JSON.stringify(simulate('flash', 1, 100)))
})
