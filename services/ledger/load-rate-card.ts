import { readFileSync } from 'node:fs'
import { readRateCard } from '../domain/rate-card.ts'
import type { RateCard } from '../domain/rate-card.ts'

const SHIPPED = new URL('../../infra/rate-card.json', import.meta.url)
const NO_PRICES: RateCard = { prices: [], flat: [], credits: [] }

/** The operator's rate card, or the one shipped; `problems` are all that is wrong with it. */
export function loadRateCard (path: string | undefined): { card: RateCard, problems: string[] } {
  try {
    const { card = NO_PRICES, problems } = readRateCard(readFileSync(path ?? SHIPPED, 'utf8'))
    return { card, problems }
  } catch (error) {
    return { card: NO_PRICES, problems: [`the file cannot be read: ${(error as NodeJS.ErrnoException).code}`] }
  }
}
