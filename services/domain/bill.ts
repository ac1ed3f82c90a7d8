/** What a provider says was relayed on one day, in one region, for one app where it can tell. */
export interface BillRow {
  app: string
  region: string
  /** where it tells only the sum of both directions, that is in `bytesOut` */
  bytesIn: number
  bytesOut: number
  /** what it puts on the bill for it; undefined where it tells bytes only */
  microUsd?: bigint
}

/** One day (UTC) in a provider's own words; it grows until some hours after the day has ended. */
export interface DayBill {
  provider: 'cloudflare' | 'twilio'
  /** yyyymmdd */
  day: string
  rows: BillRow[]
  /** true: it tells apps apart, so an app it does not name has used nothing */
  namesApps: boolean
  /** true: the day is over for long enough, so a bill below our estimate is the truth and not merely late */
  isFinal: boolean
}

/** Usage is told late, and a call goes on for as long as its credential lives: hours behind the end of a day nothing more comes. */
export const FINAL_AFTER_MS = 6 * 3_600_000
