import fc from 'fast-check'
import t from 'tap'
import { costOf, formatUsd, parseUsd, roundCost, roundCostUp } from '../../../services/domain/money.ts'

t.test('dollars are read to the micro-dollar and written back', async t => {
  const amounts: Array<[text: string, microUsd: bigint]> = [['0.00', 0n], ['0.05', 50_000n], ['0.40', 400_000n], ['12.000001', 12_000_001n], ['999999999.999999', 999_999_999_999_999n]]
  for (const [text, microUsd] of amounts) {
    t.equal(parseUsd(text), microUsd, text)
    t.equal(formatUsd(microUsd), text)
  }
  t.equal(parseUsd('7'), 7_000_000n)
  t.equal(formatUsd(-12_500_000n), '-12.50')
  t.equal(formatUsd(1n), '0.000001')
  fc.assert(fc.property(fc.bigInt(0n, 999_999_999_999_999n), amount => parseUsd(formatUsd(amount)) === amount))
})

t.test('what is no amount is refused, not read as another', async t => {
  for (const text of ['', '.5', '5.', '-1', '+1', '1e3', '0x1', '1,5', '$1', ' 1', '01', '0.1234567', '1000000000', 'NaN', '1.2.3']) t.throws(() => parseUsd(text), RangeError, text)
})

t.test('bytes times price lose nothing, however large', async t => {
  // 9 PB at 0.8 dollars a GB: the product is beyond what a double holds
  t.equal(roundCost(costOf(9_000_000_000_000_001, 800_000n)), 7_200_000_000_000n)
  t.equal(costOf(9_000_000_000_000_001, 800_000n) % 1_000_000_000n, 800_000n, 'the last byte is in it')
  fc.assert(fc.property(fc.array(fc.maxSafeNat()), fc.bigInt(0n, 10n ** 9n), (parts, price) =>
    parts.reduce((sum, bytes) => sum + costOf(bytes, price), 0n) === costOf(parts.reduce((sum, bytes) => sum + BigInt(bytes), 0n), price)))
})

t.test('a cost is rounded to the nearest micro-dollar, a reservation up', async t => {
  const cases: Array<[bytes: number, nearest: bigint, up: bigint]> = [[0, 0n, 0n], [1, 0n, 1n], [9_999, 0n, 1n], [10_000, 1n, 1n], [20_000, 1n, 1n], [29_999, 1n, 2n], [1_000_000_000, 50_000n, 50_000n]]
  for (const [bytes, nearest, up] of cases) {
    const cost = costOf(bytes, 50_000n)
    t.equal(roundCost(cost), nearest, `${bytes} bytes at 0.05`)
    t.equal(roundCostUp(cost), up, `${bytes} bytes at 0.05, up`)
  }
})
