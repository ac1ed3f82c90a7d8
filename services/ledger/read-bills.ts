import { APP_ID_PATTERN } from '../domain/app.ts'
import type { BillRow, DayBill } from '../domain/bill.ts'
import { FINAL_AFTER_MS } from '../domain/bill.ts'
import { REGION_UNKNOWN } from '../domain/budget.ts'
import { DAY_MS, dayOf, spanOf, UNATTRIBUTED } from '../domain/usage.ts'
import type { CloudflareUsage } from '../upstream/cloudflare-usage.ts'
import type { TwilioUsage } from '../upstream/twilio-usage.ts'

/** Today and the days before it that a provider may still correct. */
const DAYS = 4

/** The days, yyyymmdd, that bills are read of; the oldest first. */
export const daysToRead = (nowMs: number): string[] => Array.from({ length: DAYS }, (_, back) => dayOf(nowMs - (DAYS - 1 - back) * DAY_MS))

export const isFinal = (day: string, nowMs: number): boolean => nowMs >= spanOf(day).endMs + FINAL_AFTER_MS

/** Twilio bills a megabyte; whether it has 10^6 or 2^20 bytes it does not say, so the lesser is taken, and its price as it is. */
const BYTES_A_MEGABYTE = 1e6

/** Days without usage are bills too, with nothing on them. */
export function billsOfTwilio (usage: readonly TwilioUsage[], nowMs: number): DayBill[] {
  return daysToRead(nowMs).map(day => {
    const own = usage.filter(record => record.day.replaceAll('-', '') === day)
    const row = ({ region, megabytes, priceMicroUsd }: TwilioUsage): BillRow => ({ app: UNATTRIBUTED, region: region ?? REGION_UNKNOWN, bytesIn: 0, bytesOut: Math.round(megabytes * BYTES_A_MEGABYTE), microUsd: priceMicroUsd })
    const regions = own.filter(({ region }) => region !== null).map(row)
    const [whole] = own.filter(({ region }) => region === null).map(row)
    return { provider: 'twilio', day, rows: [...regions, ...restOf(whole, regions)].filter(({ bytesOut, microUsd }) => bytesOut > 0 || microUsd !== 0n), namesApps: false, isFinal: isFinal(day, nowMs) }
  })
}

/** What the whole has beyond its parts: a region we have no name for. Parts that were read a moment later may be more. */
function restOf (whole: BillRow | undefined, regions: readonly BillRow[]): BillRow[] {
  if (!whole) return []
  const bytesOut = Math.max(0, whole.bytesOut - regions.reduce((sum, row) => sum + row.bytesOut, 0))
  const microUsd = (whole.microUsd ?? 0n) - regions.reduce((sum, row) => sum + (row.microUsd ?? 0n), 0n)
  return [{ ...whole, bytesOut, microUsd: microUsd > 0n ? microUsd : 0n }]
}

const appId = new RegExp(APP_ID_PATTERN)

/** Its custom identifier is the app. What bears none of ours is nobody's: another system may use the same key. */
export function billsOfCloudflare (usage: readonly CloudflareUsage[], nowMs: number): DayBill[] {
  return daysToRead(nowMs).map(day => {
    const rows = new Map<string, BillRow>()
    for (const { app, minuteMs, egressBytes, ingressBytes } of usage) {
      if (dayOf(minuteMs) !== day) continue
      const name = appId.test(app) ? app : UNATTRIBUTED
      const row = rows.get(name) ?? { app: name, region: REGION_UNKNOWN, bytesIn: 0, bytesOut: 0 }
      rows.set(name, { ...row, bytesIn: row.bytesIn + ingressBytes, bytesOut: row.bytesOut + egressBytes })
    }
    return { provider: 'cloudflare', day, rows: [...rows.values()], namesApps: true, isFinal: isFinal(day, nowMs) }
  })
}
