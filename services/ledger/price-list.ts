import { findPrice, priceVersion } from '../domain/rate-card.ts'
import type { RateCard } from '../domain/rate-card.ts'
import { UNPRICED } from '../domain/usage.ts'
import type { Redis } from '../store/connect.ts'
import { publishRateCard } from '../store/prices.ts'

/** The prices this ledger books under, and their place in Redis, where whoever reads the ledger finds them. */
export function createPriceList (redis: Redis, card: RateCard) {
  let published = false
  const publish = async (): Promise<void> => {
    await publishRateCard(redis, card)
    published = true
  }
  return {
    card,
    /** UNPRICED where the card knows no price. */
    versionOf: (provider: string, region: string): string => {
      const price = findPrice(card, provider, region)
      return price ? priceVersion(price) : UNPRICED
    },
    /** Says the card again: a Redis that lost its last seconds, or a ledger with an older card, may have unsaid it. */
    publish,
    ensurePublished: async (): Promise<void> => { if (!published) await publish() }
  }
}
export type PriceList = ReturnType<typeof createPriceList>
