import { Type } from 'typebox'
import type { Static } from 'typebox'
import { AppId } from '../domain/app.ts'
import { Budget, BUDGET_ACTIONS } from '../domain/budget.ts'
import { MICRO_USD_PATTERN } from '../domain/money.ts'

const closed = { additionalProperties: false }
const MicroUsd = (description: string) => Type.String({ pattern: MICRO_USD_PATTERN, description: `micro-USD, ${description}` })

/** Which budget a call is about. */
export const BudgetQuery = Type.Object({ app: Type.Optional(Type.String({ ...AppId, description: 'of this app; without it, of all apps together' })) }, closed)

export const SetBudget = Type.Object({
  dayMicroUsd: Type.Optional(Budget.properties.dayMicroUsd),
  monthMicroUsd: Type.Optional(Budget.properties.monthMicroUsd),
  action: Type.Optional(Type.Enum([...BUDGET_ACTIONS], { description: 'at the cap; deny-spill where it is not said: no paid credentials until the next day or month. warn: it is only told' }))
}, closed)

const Standing = Type.Object({
  bookedMicroUsd: MicroUsd('spent, as far as it is known'),
  reservedMicroUsd: MicroUsd('set aside for credentials that are not booked yet'),
  leftMicroUsd: Type.Union([MicroUsd('never below zero'), Type.Null()], { description: 'null: there is no cap' })
}, closed)

export const BudgetReply = Type.Object({
  app: Type.Union([AppId, Type.Null()], { description: 'null: all apps together' }),
  ...Budget.properties,
  day: Standing,
  month: Standing
}, closed)
export type BudgetReply = Static<typeof BudgetReply>

export const BudgetsReply = Type.Object({ budgets: Type.Array(BudgetReply, { description: 'that of all apps first' }) }, closed)
