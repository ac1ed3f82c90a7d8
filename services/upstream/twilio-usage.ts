import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { within } from './call-guard.ts'
import { createTwilioSdk } from './twilio-sdk.ts'
import type { TwilioSettings } from './twilio-sdk.ts'
import { asUpstreamError, UpstreamError } from './upstream-error.ts'

/** What was relayed on one day, as Twilio bills it. */
export interface TwilioUsage {
  /** UTC, YYYY-MM-DD */
  day: string
  /** Twilio's own word (useast, germany, brasil …); null: all regions together */
  region: string | null
  /** both directions; whether 10^6 or 2^20 bytes each, Twilio does not say */
  megabytes: number
  priceMicroUsd: bigint
  /** Twilio's time of the count, ISO 8601; it runs behind */
  asOf: string
}

/** The whole, and its parts: the regions Twilio has a category for. */
const CATEGORY = 'turnmegabytes'
const REGIONS = ['australia', 'brasil', 'germany', 'india', 'ireland', 'japan', 'singapore', 'useast', 'uswest']
const PAGE_SIZE = 1_000
/** A page of a thousand records is about 700 KiB. */
const MAX_BYTES = 4 * 1024 * 1024
/** Nobody waits for it: a job reads it a few times an hour. */
const DEADLINE_MS = 60_000

const decimal = Type.String({ pattern: '^[0-9]{1,12}([.][0-9]{1,18})?$' })
/** Numbers are text at runtime, whatever the SDK's types say. */
const record = Compile(Type.Object({
  category: Type.String(),
  startDate: Type.Unknown(),
  usage: decimal,
  price: decimal,
  priceUnit: Type.String({ pattern: '^[Uu][Ss][Dd]$' }),
  asOf: Type.String()
}))

/**
 * Usage records of the days from `from` to `to`, both included (YYYY-MM-DD, UTC), by region and in all.
 * @throws UpstreamError
 */
export function createTwilioUsage (settings: TwilioSettings) {
  const connect = createTwilioSdk(settings, MAX_BYTES)

  async function readCategory (region: string | null, from: string, to: string, signal: AbortSignal): Promise<TwilioUsage[]> {
    const sdk = await connect(signal)
    const category = region === null ? CATEGORY : `${CATEGORY}-${region}`
    const records = await sdk.usage.records.daily.list({ category, startDate: new Date(from), endDate: new Date(to), pageSize: PAGE_SIZE })
    return records.map(each => {
      const { category: named, startDate, usage, price, priceUnit, asOf } = each
      const value: unknown = { category: named, startDate, usage, price, priceUnit, asOf }
      if (!record.Check(value) || named !== category) throw new UpstreamError('bad_reply', `a usage record of ${category} is not of the form it should have`)
      return { day: dayOf(startDate), region, megabytes: Number(value.usage), priceMicroUsd: microUsd(value.price), asOf: value.asOf }
    })
  }

  return async (from: string, to: string): Promise<TwilioUsage[]> => {
    try {
      return await within(DEADLINE_MS, async signal => {
        const usage: TwilioUsage[] = []
        // one after the other: Twilio counts concurrent requests against the account
        for (const region of [null, ...REGIONS]) usage.push(...await readCategory(region, from, to, signal))
        return usage
      })
    } catch (error) {
      throw asUpstreamError(error)
    }
  }
}

/** The SDK makes a Date of it, at midnight UTC. */
const dayOf = (date: Date | string): string => new Date(date).toISOString().slice(0, 10)

/** Decimal US dollars as millionths, digits behind them rounded half up; no float in between. */
export function microUsd (dollars: string): bigint {
  const [whole = '0', digits = ''] = dollars.split('.')
  const padded = digits.padEnd(7, '0')
  return BigInt(whole) * 1_000_000n + BigInt(padded.slice(0, 6)) + (Number(padded[6]) >= 5 ? 1n : 0n)
}
