/** Who can give ICE servers, in the order they are tried unless the operator says otherwise. */
export const PROVIDERS = ['coturn', 'cloudflare', 'twilio', 'static', 'stun'] as const
export type ProviderName = typeof PROVIDERS[number]

/** Those that send a bill for every gigabyte. */
export const isPaid = (name: ProviderName): boolean => name === 'cloudflare' || name === 'twilio'

/** A paid provider that is not asked now, for what became of the requests before. */
export interface OpenCircuit {
  /** half_open: the request that finds out is on its way · misconfigured: it refuses the account, which an operator has to mend */
  state: 'open' | 'half_open' | 'misconfigured'
  /** when the next request may find out whether it is well */
  retryAtMs: number
  /** what became of the last that failed */
  lastFailure: string | null
}
