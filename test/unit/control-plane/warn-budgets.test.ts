import t from 'tap'
import { createBudgetWarnings } from '../../../services/control-plane/warn-budgets.ts'
import { ALL_APPS } from '../../../services/domain/budget.ts'
import type { CapStanding } from '../../../services/policy/check-budget.ts'

const NOON = Date.UTC(2026, 10, 30, 12)
const DAY_MS = 86_400_000
const cap = (differs: Partial<CapStanding> = {}): CapStanding =>
  ({ scope: 'shop', period: 'day', isBinding: false, capMicroUsd: 10n, bookedMicroUsd: 9n, reservedMicroUsd: 1n, leftMicroUsd: 0n, ...differs })

t.test('a budget that is passed is logged once in its period, each for itself, and anew with another amount', async t => {
  const lines: object[] = []
  const warn = createBudgetWarnings({ warn: (line: object) => { lines.push(line) } } as Parameters<typeof createBudgetWarnings>[0])
  for (let credential = 0; credential < 1_000; credential++) warn([cap({ bookedMicroUsd: BigInt(credential) })], NOON)
  t.same(lines, [{ app: 'shop', period: 'day', capMicroUsd: '10', bookedMicroUsd: '0', reservedMicroUsd: '1' }])
  const told = (caps: CapStanding[], nowMs = NOON): number => {
    const before = lines.length
    warn(caps, nowMs)
    return lines.length - before
  }
  t.equal(told([cap({ scope: ALL_APPS }), cap({ period: 'month' }), cap({ scope: 'chat' })]), 3)
  t.match(lines[1], { app: null })
  t.equal(told([cap({ capMicroUsd: 20n })]), 1, 'raised and passed again')
  t.equal(told([cap({ capMicroUsd: 20n }), cap({ period: 'month' })]), 0)
  t.equal(told([cap({ capMicroUsd: 20n }), cap({ period: 'month' })], NOON + DAY_MS), 2, 'the next day, which begins a month as well')
})
