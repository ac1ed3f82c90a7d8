import { createCloudflareClient } from '../../upstream/cloudflare.ts'
import type { CloudflareSettings } from '../../upstream/cloudflare.ts'
import { createPaidMinter } from '../../upstream/paid-minter.ts'
import type { MinterOptions } from '../../upstream/paid-minter.ts'
import { paidProvider } from './paid.ts'

/** Longer than nearly every call, for expiry ends it; far below the 48 h Cloudflare would allow, for it bounds what a leak costs. */
const MAX_TTL_SECONDS = 4 * 3600

/** Cloudflare Realtime TURN: anycast, so there is no region to choose. */
export function createCloudflareProvider (settings: CloudflareSettings, options: Omit<MinterOptions, 'client' | 'maxTtlSeconds'>) {
  const client = createCloudflareClient(settings)
  return {
    ...paidProvider(createPaidMinter({ ...options, client, maxTtlSeconds: MAX_TTL_SECONDS })),
    revoke: client.revoke
  }
}
