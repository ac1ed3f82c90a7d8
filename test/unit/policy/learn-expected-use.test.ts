import fc from 'fast-check'
import t from 'tap'
import { EXPECTED_USE } from '../../../services/domain/budget.ts'
import { learnExpectedUse } from '../../../services/policy/learn-expected-use.ts'

t.test('without a bill, or without credentials on its days, the first belief stands', async t => {
  t.same(learnExpectedUse([]), EXPECTED_USE)
  t.same(learnExpectedUse([{ credentials: 0, bytesIn: 9e12, bytesOut: 9e12 }]), EXPECTED_USE, 'bytes of another system say nothing of ours')
})

t.test('many credentials outweigh it, few do not', async t => {
  t.same(learnExpectedUse([{ credentials: 1, bytesIn: 0, bytesOut: 1e9 }]).bytesOut, Math.round((200 * 7.5e6 + 1e9) / 201))
  t.same(learnExpectedUse([{ credentials: 100_000, bytesIn: 1e11, bytesOut: 2e11 }, { credentials: 99_800, bytesIn: 998e8, bytesOut: 1996e8 }]), { bytesIn: Math.round((1.5e9 + 1998e8) / 2e5), bytesOut: Math.round((1.5e9 + 3996e8) / 2e5) })
})

t.test('what is expected is whole, not negative, and between the belief and what was billed', async t => {
  fc.assert(fc.property(fc.array(fc.record({ credentials: fc.nat(1e6), bytesIn: fc.nat(), bytesOut: fc.nat() }), { maxLength: 4 }), days => {
    const told = days.filter(({ credentials }) => credentials > 0)
    const count = told.reduce((sum, { credentials }) => sum + credentials, 0)
    const use = learnExpectedUse(days)
    return (['bytesIn', 'bytesOut'] as const).every(field => {
      const billed = count === 0 ? EXPECTED_USE[field] : told.reduce((sum, day) => sum + day[field], 0) / count
      return Number.isSafeInteger(use[field]) && use[field] >= Math.floor(Math.min(billed, EXPECTED_USE[field])) && use[field] <= Math.ceil(Math.max(billed, EXPECTED_USE[field]))
    })
  }))
})
