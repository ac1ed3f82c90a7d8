import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { costOf, MICRO_USD_PATTERN, parseUsd, USD_PATTERN } from './money.ts'
import type { ExactCost, MicroUsd } from './money.ts'
import { REGION_PATTERN } from './node.ts'
import { sha256 } from './sha256.ts'

const closed = { additionalProperties: false }

/** Whoever relays bytes; STUN relays none. */
export const PRICED_PROVIDERS = ['coturn', 'cloudflare', 'twilio', 'static'] as const
/** Which bytes of the client's side are billed: `in` comes from the client, `out` goes to it. */
export const BILLED_DIRECTIONS = ['in', 'out', 'in+out'] as const
/** Stands for every region of a provider that has no line of its own. */
export const ANY_REGION = '*'

const Usd = (description: string) => Type.String({ pattern: USD_PATTERN, description: `${description}, in dollars as text: "0.05"` })
const Day = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$', description: 'when it was looked up, yyyy-mm-dd' })
const Source = Type.String({ minLength: 1, maxLength: 300, description: 'where the price stands, for whoever checks it' })

/** The file an operator writes. */
export const RateCardFile = Type.Object({
  prices: Type.Array(Type.Object({
    provider: Type.Enum([...PRICED_PROVIDERS]),
    region: Type.String({ pattern: `${REGION_PATTERN}|^[*]$` }),
    bills: Type.Optional(Type.Enum([...BILLED_DIRECTIONS])),
    usdPerGigabyte: Type.Optional(Usd('a gigabyte, 10^9 bytes')),
    usdPerNodeMonth: Type.Optional(Usd('a node and month, whatever it relays; coturn only')),
    source: Source,
    asOf: Day
  }, closed), { maxItems: 1000 }),
  credits: Type.Array(Type.Object({
    provider: Type.Enum([...PRICED_PROVIDERS]),
    gigabytesPerMonth: Type.Integer({ minimum: 1, maximum: 1e9, description: 'billed gigabytes that are free each calendar month (UTC), of the whole account' }),
    source: Source,
    asOf: Day
  }, closed), { maxItems: 10 })
}, closed)
type RateCardFile = Static<typeof RateCardFile>

/** The price of a provider's gigabytes in a region, as it is kept with its version; amounts are text, as JSON needs them. */
export const Price = Type.Object({
  provider: Type.Enum([...PRICED_PROVIDERS]),
  region: Type.String(),
  bills: Type.Enum([...BILLED_DIRECTIONS]),
  microUsdPerGigabyte: Type.String({ pattern: MICRO_USD_PATTERN })
}, closed)
export type Price = Static<typeof Price>

/** A rate card as the processes know it. */
export const RateCard = Type.Object({
  prices: Type.Array(Price),
  /** nodes at a flat price a month */
  flat: Type.Array(Type.Object({ region: Type.String(), microUsdPerNodeMonth: Type.String({ pattern: MICRO_USD_PATTERN }) }, closed)),
  credits: Type.Array(Type.Object({ provider: Type.Enum([...PRICED_PROVIDERS]), gigabytesPerMonth: Type.Integer() }, closed))
}, closed)
export type RateCard = Static<typeof RateCard>

const file = Compile(RateCardFile)

/** The card in a file's text, or all that is wrong with it, each mistake with its place. */
export function readRateCard (text: string): { card: RateCard, problems: [] } | { card: undefined, problems: string[] } {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (error) {
    return { card: undefined, problems: [`it is no JSON: ${(error as Error).message}`] }
  }
  if (!file.Check(content)) return { card: undefined, problems: tellMistakes(content) }
  const problems = [...checkPrices(content), ...checkCredits(content)]
  return problems.length > 0 ? { card: undefined, problems } : { card: toCard(content), problems: [] }
}

function tellMistakes (content: unknown): string[] {
  return file.Errors(content).flatMap(({ keyword, instancePath, message, params }) => {
    // what is one too many is reported twice, here as `false`, by its parent with its name
    if (keyword === 'boolean') return []
    const surplus = 'additionalProperties' in params ? ` (${params.additionalProperties.join(', ')})` : ''
    const allowed = 'allowedValues' in params ? ` (${params.allowedValues.join(', ')})` : ''
    return [`${instancePath === '' ? 'the file' : instancePath} ${message}${surplus}${allowed}`]
  })
}

function checkPrices ({ prices }: RateCardFile): string[] {
  const seen = new Set<string>()
  return prices.flatMap(({ provider, region, bills, usdPerGigabyte, usdPerNodeMonth }, index) => {
    const at = `/prices/${index}`
    const name = `${provider} in region ${region}`
    const problems: string[] = []
    if (seen.has(name)) problems.push(`${at} is a second price of ${name}`)
    seen.add(name)
    if (usdPerGigabyte === undefined && usdPerNodeMonth === undefined) problems.push(`${at} has no price: set usdPerGigabyte${provider === 'coturn' ? ', usdPerNodeMonth, or both' : ''}`)
    if ((usdPerGigabyte === undefined) !== (bills === undefined)) problems.push(`${at} must have both usdPerGigabyte and bills, or neither`)
    if (usdPerNodeMonth !== undefined && provider !== 'coturn') problems.push(`${at} has usdPerNodeMonth, but only coturn has nodes`)
    return problems
  })
}

function checkCredits ({ prices, credits }: RateCardFile): string[] {
  const seen = new Set<string>()
  return credits.flatMap(({ provider }, index) => {
    const problems: string[] = []
    if (seen.has(provider)) problems.push(`/credits/${index} is a second credit of ${provider}`)
    seen.add(provider)
    if (!prices.some(price => price.provider === provider)) problems.push(`/credits/${index} is for ${provider}, which has no price`)
    return problems
  })
}

/** A node at a flat price has gigabytes that cost nothing more: that is known, and not the same as a price nobody gave. */
const toCard = ({ prices, credits }: RateCardFile): RateCard => ({
  prices: prices.map(({ provider, region, bills = 'in+out', usdPerGigabyte = '0' }) => ({ provider, region, bills, microUsdPerGigabyte: String(parseUsd(usdPerGigabyte)) })),
  flat: prices.flatMap(({ region, usdPerNodeMonth }) => usdPerNodeMonth === undefined ? [] : [{ region, microUsdPerNodeMonth: String(parseUsd(usdPerNodeMonth)) }]),
  credits: credits.map(({ provider, gigabytesPerMonth }) => ({ provider, gigabytesPerMonth }))
})

/** Of entries with a region, that of this region, else that of all others. */
function ofRegion<Entry extends { region: string }> (entries: readonly Entry[], region: string): Entry | undefined {
  return entries.find(entry => entry.region === region) ?? entries.find(entry => entry.region === ANY_REGION)
}

/** The price of a provider in a region; undefined where the card knows none. */
export const findPrice = ({ prices }: { prices: readonly Price[] }, provider: string, region: string): Price | undefined =>
  ofRegion(prices.filter(price => price.provider === provider), region)

/** What a node of this region costs a month; undefined where it is not billed so, or nobody said. */
export function findFlatPrice ({ flat }: Pick<RateCard, 'flat'>, region: string): MicroUsd | undefined {
  const found = ofRegion(flat, region)
  return found && BigInt(found.microUsdPerNodeMonth)
}

/** A short name of what a price says: the same price has the same version, on every machine and at any time. */
export const priceVersion = ({ provider, region, bills, microUsdPerGigabyte }: Price): string =>
  sha256(JSON.stringify([provider, region, bills, microUsdPerGigabyte])).slice(0, 12)

/** Bytes the provider puts on its bill. */
export const billedBytes = ({ bills }: Pick<Price, 'bills'>, { bytesIn, bytesOut }: { bytesIn: number, bytesOut: number }): bigint =>
  (bills === 'out' ? 0n : BigInt(bytesIn)) + (bills === 'in' ? 0n : BigInt(bytesOut))

export const priceBytes = (price: Price, bytes: { bytesIn: number, bytesOut: number }): ExactCost =>
  costOf(billedBytes(price, bytes), BigInt(price.microUsdPerGigabyte))
