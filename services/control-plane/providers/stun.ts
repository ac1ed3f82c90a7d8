import type { Provider } from './provider.ts'

/** The last resort: no relay at all, so most clients still meet and the rest learn it at once. */
export const createStunProvider = (urls: string[]): Provider<'stun'> => ({
  mint: ({ ttlSeconds, nowMs }) => ({ iceServers: [{ urls }], expiresAtMs: nowMs + ttlSeconds * 1000, expiryEndsCalls: false, region: null })
})
