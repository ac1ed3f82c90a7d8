import { select, shared } from './select.ts'

/** Expressions about money that stand on more than one dashboard; USD at list prices, months and days are UTC. */

export const spent = (period: 'day' | 'month'): string => shared('spend_usd', '', 'app="_all"', `period="${period}"`)
export const budget = (period: 'day' | 'month'): string => shared('budget_usd', '', 'app="_all"', `period="${period}"`)

/** What the month will have cost, as the alert BudgetBurn judges it: at the pace of the month or of the last day. */
export const PROJECTED_MONTH = 'app:spillway_spend_usd:projected_month{app="_all"}'

/** A month of the nodes there are, where the rate card says what one costs. */
export const NODES_A_MONTH = `sum(count by (region) (${shared('node_info', 'node, region')}) * on (region) group_left () ${shared('price_usd_per_node_month', 'region')})`

/** Twilio bills what the client sends and what it receives; of its regions the cheapest, so this is the least it would be. */
export const TWILIO_PRICE = `min(${select('price_usd_per_gigabyte', 'provider="twilio"')})`

/** Of all budgets of single apps, by day and by month, what is used of the one that is used up most. */
export const FULLEST_BUDGET = `max(${shared('spend_usd', 'app, period', 'app!="_all"')} / on (app, period) ${shared('budget_usd', 'app, period', 'app!="_all"')})`
