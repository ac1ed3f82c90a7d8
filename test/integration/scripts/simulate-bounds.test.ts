import t from 'tap'
import { simulate } from '../../helpers/simulated-fleets.ts'

/** What the policy is held to: no more spill than a tenth above what cannot be avoided, and next to no overload. */
const [MOST_SPILL, MOST_SATURATED] = [1.1, 0.001]

for (const [shape, seeds, capacityMegabits] of [['flash', [1, 2, 3], 1_000], ['sawtooth', [1], 500]] as const) {
  for (const seed of seeds) {
    t.test(`${shape}, seed ${seed}: hardly more is spilled than must be, and no node is overloaded`, async t => {
      const { own, reference } = simulate(shape, seed, capacityMegabits)
      t.ok(reference.spillBytes > 0, 'there is something to spill')
      const ratio = own.spillBytes / reference.spillBytes
      t.ok(ratio <= MOST_SPILL, `spill ratio ${ratio.toFixed(3)}`)
      t.ok(own.saturatedNodeSeconds <= MOST_SATURATED * own.nodeSeconds, `${own.saturatedNodeSeconds} of ${own.nodeSeconds} node-seconds overloaded`)
      t.equal(own.refusedAllocations, 0)
      t.equal(own.requests, reference.requests)
      t.equal((own.bytes.coturn ?? 0) + own.spillBytes, (reference.bytes.coturn ?? 0) + reference.spillBytes, 'every byte is carried by somebody')
    })
  }
}

t.test('what is simulated twice comes out the same', async t => {
  t.equal(JSON.stringify(simulate('flash', 1, 100)), JSON.stringify(simulate('flash', 1, 100)))
})
