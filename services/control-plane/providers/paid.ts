import type { PaidMinter } from '../../upstream/paid-minter.ts'
import type { Minted, MintRequest } from './provider.ts'

export interface PaidProvider {
  mint: (request: MintRequest, step: unknown, timeoutMs: number) => Promise<Minted>
  view: PaidMinter['view']
}

/** A minter of upstream as a provider. */
export const paidProvider = (minter: PaidMinter): PaidProvider => ({
  async mint ({ app, userTag, ttlSeconds, nowMs }, _step, timeoutMs) {
    return {
      ...await minter.mint({ app, userTag, fromMs: nowMs, ttlSeconds }, timeoutMs),
      // Cloudflare cuts a call soon after; what Twilio does is not known, and a client that refreshes in time loses nothing
      expiryEndsCalls: true,
      region: null
    }
  },
  view: minter.view
})
