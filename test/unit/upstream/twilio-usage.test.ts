import fc from 'fast-check'
import t from 'tap'
import { microUsd } from '../../../services/upstream/twilio-usage.ts'

t.test('a price in decimals is micro-dollars, to the digit', async t => {
  for (const [dollars, micro] of [['0', 0n], ['0.4', 400_000n], ['12', 12_000_000n], ['0.000001', 1n], ['0.0000005', 1n], ['0.0000004999', 0n], ['1.9999995', 2_000_000n], ['9007199254.740993', 9_007_199_254_740_993n]] as const) {
    t.equal(microUsd(dollars), micro, dollars)
  }
  fc.assert(fc.property(fc.nat(), fc.integer({ min: 0, max: 999_999 }), (whole, millionths) =>
    microUsd(`${whole}.${String(millionths).padStart(6, '0')}`) === BigInt(whole) * 1_000_000n + BigInt(millionths)))
})
