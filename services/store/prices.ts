import { priceVersion } from '../domain/rate-card.ts'
import type { Price, RateCard } from '../domain/rate-card.ts'
import { answersOf } from './connect.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'

/** Makes this the rate card, and its prices readable for ever. One transaction. */
export async function publishRateCard (redis: Redis, card: RateCard): Promise<void> {
  const transaction = redis.multi().set(centralKeys.rateCard, JSON.stringify(card))
  for (const price of card.prices) transaction.hset(centralKeys.prices, priceVersion(price), JSON.stringify(price))
  await answersOf(transaction.exec())
}

/** The card of today, and every price there ever was, by version; no card where no ledger has run yet. */
export async function readPrices (redis: Redis): Promise<{ card: RateCard, versions: Map<string, Price> }> {
  const [card, versions] = await answersOf(redis.multi().get(centralKeys.rateCard).hgetall(centralKeys.prices).exec())
  return {
    card: card === null ? { prices: [], flat: [], credits: [] } : JSON.parse(card as string) as RateCard,
    versions: new Map(Object.entries(versions as Record<string, string>).map(([version, json]) => [version, JSON.parse(json) as Price]))
  }
}
