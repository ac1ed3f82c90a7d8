import type { IceServer } from '../../domain/ice-servers.ts'
import type { Provider } from './provider.ts'

/** A fixed list of the operator's, already sanitised. Its credentials do not expire; the ttl only says when to ask again. */
export const createStaticProvider = (iceServers: IceServer[]): Provider<'static'> => ({
  mint: ({ ttlSeconds, nowMs }) => ({ iceServers, expiresAtMs: nowMs + ttlSeconds * 1000, expiryEndsCalls: false, region: null })
})
