import type { OpenCircuit } from '../domain/provider.ts'
import { isoTime } from './tell-reason.ts'

/** An open circuit as JSON shows it. */
export interface ToldCircuit {
  state: OpenCircuit['state']
  /** ISO 8601 */
  retryAt: string
  lastFailure: string | null
}

export const showCircuit = ({ state, retryAtMs, lastFailure }: OpenCircuit): ToldCircuit => ({ state, retryAt: isoTime(retryAtMs), lastFailure })

/** Why a paid provider is left alone, and what to do about it. */
export function tellCircuit (provider: string, { state, retryAt, lastFailure }: ToldCircuit): string {
  const failed = `it failed lately${lastFailure === null ? '' : ` (${lastFailure.replaceAll('_', ' ')})`}`
  switch (state) {
    case 'misconfigured': return `${provider} is not tried: it refuses the account, and is asked once a minute only. The log of the control-plane says which settings to check.`
    case 'half_open': return `${provider} is not tried: ${failed}, and the request that finds out whether it is well is on its way.`
    case 'open': return `${provider} is not tried until ${retryAt}: ${failed}. Then one request finds out whether it is well; GET /admin/v1/providers shows it.`
  }
}
