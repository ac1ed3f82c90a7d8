/** Who can give ICE servers, in the order they are tried unless the operator says otherwise. */
export const PROVIDERS = ['coturn', 'cloudflare', 'twilio', 'static', 'stun'] as const
export type ProviderName = typeof PROVIDERS[number]

/** Those that send a bill for every gigabyte. */
export const isPaid = (name: ProviderName): boolean => name === 'cloudflare' || name === 'twilio'
