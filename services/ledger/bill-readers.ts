import { createCloudflareUsage } from '../upstream/cloudflare-usage.ts'
import { readAnalyticsSettings, readTwilioSettings } from '../upstream/settings.ts'
import { createTwilioUsage } from '../upstream/twilio-usage.ts'
import type { DayBill } from '../domain/bill.ts'
import type { LedgerConfig } from './config.ts'
import type { Job } from './jobs.ts'
import { billsOfCloudflare, billsOfTwilio, daysToRead } from './read-bills.ts'
import { rangeOf, reconcile } from './reconcile.ts'
import type { ReadBills } from './reconcile.ts'

/** The SDK of a provider is loaded when its first bill is read, and not where there is no account. */
export function createBillReaders (config: LedgerConfig): Map<DayBill['provider'], ReadBills> {
  const readers = new Map<DayBill['provider'], ReadBills>()
  const [twilio, cloudflare] = [readTwilioSettings(config), readAnalyticsSettings(config)]
  if (twilio) {
    const read = createTwilioUsage(twilio)
    readers.set('twilio', async nowMs => {
      const { from, to } = rangeOf(daysToRead(nowMs), nowMs)
      return billsOfTwilio(await read(from, to), nowMs)
    })
  }
  if (cloudflare) {
    const read = createCloudflareUsage(cloudflare)
    readers.set('cloudflare', async nowMs => {
      const { fromMs, toMs } = rangeOf(daysToRead(nowMs), nowMs)
      return billsOfCloudflare(await read(fromMs, toMs), nowMs)
    })
  }
  return readers
}

/** One job a provider, so that one that is away holds up no other. Every other minute: ten short requests of Twilio, one of Cloudflare. */
export const reconcileJobs = (readers: ReadonlyMap<DayBill['provider'], ReadBills>): Job[] => [...readers].map(([provider, readBills]) => ({
  name: `reconcile-${provider}`,
  expression: '*/2 * * * *',
  work: async (context, nowMs) => { await reconcile(context, provider, readBills, nowMs) },
  elsewhere: ({ metrics }) => { metrics.dropBill(provider) }
}))
