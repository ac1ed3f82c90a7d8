import { EXPECTED_USE } from '../domain/budget.ts'
import type { ExpectedUse } from '../domain/budget.ts'

/** What a provider has billed for so many of our credentials. */
export interface BilledUse extends ExpectedUse {
  credentials: number
}

/** So many credentials is the first belief worth: fewer say little, for most relay nothing and a few relay all. */
const PRIOR_CREDENTIALS = 200

/** What a credential is expected to relay, of days whose bill is final; the fewer credentials, the nearer to the first belief. */
export function learnExpectedUse (days: readonly BilledUse[]): ExpectedUse {
  const told = days.filter(({ credentials }) => credentials > 0)
  const credentials = PRIOR_CREDENTIALS + told.reduce((sum, day) => sum + day.credentials, 0)
  const mean = (field: keyof ExpectedUse): number =>
    Math.round((EXPECTED_USE[field] * PRIOR_CREDENTIALS + told.reduce((sum, day) => sum + day[field], 0)) / credentials)
  return { bytesIn: mean('bytesIn'), bytesOut: mean('bytesOut') }
}
