import t from 'tap'
import { median, medians, ratios, round } from '../../../scripts/bench/summary.ts'

t.test('the median is the middle one, or the mean of the middle two', async t => {
  t.equal(median([7]), 7)
  t.equal(median([9, 1, 5]), 5)
  t.equal(median([100, 2, 10, 4]), 7)
  t.equal(median([10, 9, 1]), 9, 'by value, not by spelling')
  t.throws(() => median([]), { message: /nothing/ })
})

t.test('what was measured is not put in another order', async t => {
  const measured = [3, 1, 2]
  median(measured)
  t.same(measured, [3, 1, 2])
})

t.test('each field has a median of its own', async t => {
  t.same(medians([{ p50: 1, p99: 30 }, { p50: 3, p99: 10 }, { p50: 2, p99: 20 }]), { p50: 2, p99: 20 })
  t.throws(() => medians([]), { message: /nothing/ })
})

t.test('a pair is compared with nobody but its partner', async t => {
  t.same(ratios([1, 30, 5], [2, 10, 4]), [0.5, 3, 1.25])
  t.same(ratios([1, 2], [2]), [0.5, NaN])
})

t.test('four digits are told', async t => {
  t.same([0.123456, 123456, 12.3456, 0].map(round), [0.1235, 123500, 12.35, 0])
})
