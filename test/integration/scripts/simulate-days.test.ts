import t from 'tap'
import { expectBounds, simulate } from '../../helpers/simulated-fleets.ts'

// a day goes by in a few hours: calls are as long as ever, and a sixth as many
for (const [shape, haste] of [['day', 4], ['regions', 6]] as const) {
  t.test(`${shape}, on nodes of 300 Mbit/s: hardly more is spilled than must be, and no node is overloaded`, async t => { expectBounds(t, simulate(shape, 1, 300, haste)) })
}
