import { select, shared } from './select.ts'

/** Expressions about money that stand on more than one dashboard; USD at list prices, months and days are UTC. */

export const spent = (period: 'day' | 'month'): string => shared('spend_usd', '', 'app="_all"', `period="${period}"`)
export const budget = (period: 'day' | 'month'): string => shared('budget_usd', '', 'app="_all"', `period="${period}"`)

/** How much of the month is over; an hour at least, or the first minutes would make a projection of noise. */
const MONTH_GONE = 'clamp_min((day_of_month() - 1 + hour() / 24 + minute() / 1440) / days_in_month(), 1 / 720)'

/** What the month will have cost if it goes on as it has gone so far. */
export const monthEnd = (expr: string): string => `${expr} / on () group_left () (${MONTH_GONE})`

/** A month of the nodes there are, where the rate card says what one costs. */
export const NODES_A_MONTH = `sum(count by (region) (max by (node, region) (${select('node_info')})) * on (region) group_left () max by (region) (${select('price_usd_per_node_month')}))`

/** Twilio bills what the client sends and what it receives; of its regions the cheapest, so this is the least it would be. */
export const TWILIO_PRICE = `min(${select('price_usd_per_gigabyte', 'provider="twilio"')})`
