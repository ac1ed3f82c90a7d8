import type { DashboardSpec } from '../kit/build-dashboard.ts'
import { bills } from './bills.ts'
import { budgets } from './budgets.ts'
import { spill } from './spill.ts'
import { totals } from './totals.ts'
import { where } from './where.ts'

export const cost: DashboardSpec = {
  uid: 'spillway-cost',
  title: 'Spillway / Cost and spill',
  description: 'What it costs, by whom and where, whether it stays within budget, and why it spills.',
  variables: ['job', 'app'],
  from: 'now-24h',
  rows: [totals, budgets, where, spill, bills]
}
