import { Type } from 'typebox'
import type { FastifyInstance } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { ALL_APPS, BUDGET_PERIODS } from '../../domain/budget.ts'
import type { Budget, BudgetPeriod } from '../../domain/budget.ts'
import { readAllApps } from '../../store/apps.ts'
import { readBudgets, readSpend, writeBudget } from '../../store/budgets.ts'
import type { Redis } from '../../store/connect.ts'
import type { AdminContext } from '../admin-context.ts'
import { BudgetQuery, BudgetReply, BudgetsReply, SetBudget } from '../budget-schemas.ts'
import { problems } from '../problems.ts'
import { findApp } from './admin-apps.ts'

/** What paid providers may cost. Every replica obeys a change with the next credential. */
export function addBudgetRoutes (fastify: FastifyInstance, { redis, change, now }: AdminContext): void {
  const server = fastify.withTypeProvider<TypeBoxTypeProvider>()
  const tags = ['budgets']

  server.get('/budgets', { schema: { tags, summary: 'Budgets and how they stand; with app, that of one app', querystring: BudgetQuery, response: { 200: BudgetsReply } } }, async request => {
    const { app } = request.query
    const all = [...await readBudgets(redis)].filter(([scope]) => app === undefined || scope === app).sort(([a], [b]) => a < b ? -1 : 1)
    return { budgets: await show(redis, all, now()) }
  })

  server.put('/budgets', { schema: { tags, summary: 'Sets a budget, of one app or of all together', querystring: BudgetQuery, body: SetBudget, response: { 200: BudgetReply } } }, async request => {
    const { app } = request.query
    const { dayMicroUsd = null, monthMicroUsd = null, action = 'deny-spill' } = request.body
    if (dayMicroUsd === null && monthMicroUsd === null) throw problems.emptyBudget()
    const scope = app ?? ALL_APPS
    const after: Budget = { dayMicroUsd, monthMicroUsd, action }
    await change(request.actor, async () => {
      if (app !== undefined) findApp(await readAllApps(redis), app)
      const before = (await readBudgets(redis)).get(scope) ?? null
      return { action: 'budget.set', target: scope, before, after, writes: [writeBudget(scope, after)], result: undefined }
    })
    const [shown] = await show(redis, [[scope, after]], now())
    return shown as BudgetReply
  })

  server.delete('/budgets', { schema: { tags, summary: 'Takes a budget away: what it capped has no cap', querystring: BudgetQuery, response: { 204: Type.Null() } } }, async (request, reply) => {
    const scope = request.query.app ?? ALL_APPS
    await change(request.actor, async () => {
      const before = (await readBudgets(redis)).get(scope)
      if (!before) throw problems.noBudget()
      return { action: 'budget.remove', target: scope, before, after: null, writes: [writeBudget(scope, null)], result: undefined }
    })
    return await reply.code(204).send(null)
  })
}

async function show (redis: Redis, budgets: ReadonlyArray<[scope: string, budget: Budget]>, nowMs: number): Promise<BudgetReply[]> {
  const spend = await readSpend(redis, budgets.map(([scope]) => scope), nowMs)
  return budgets.map(([scope, budget]) => {
    const standing = (period: BudgetPeriod) => {
      const { booked, reserved } = spend.get(scope) ?? { booked: { day: 0n, month: 0n }, reserved: { day: 0n, month: 0n } }
      const cap = period === 'day' ? budget.dayMicroUsd : budget.monthMicroUsd
      const left = BigInt(cap ?? 0) - booked[period] - reserved[period]
      return { bookedMicroUsd: String(booked[period]), reservedMicroUsd: String(reserved[period]), leftMicroUsd: cap === null ? null : String(left > 0n ? left : 0n) }
    }
    const [day, month] = BUDGET_PERIODS.map(standing) as [ReturnType<typeof standing>, ReturnType<typeof standing>]
    return { app: scope === ALL_APPS ? null : scope, ...budget, day, month }
  })
}
