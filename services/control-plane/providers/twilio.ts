import { createPaidMinter } from '../../upstream/paid-minter.ts'
import type { MinterOptions } from '../../upstream/paid-minter.ts'
import { createTwilioClient } from '../../upstream/twilio.ts'
import type { TwilioSettings } from '../../upstream/twilio-sdk.ts'
import { paidProvider } from './paid.ts'

/** A token cannot be revoked, and a gigabyte costs eight times Cloudflare's: what a leak costs ends after half an hour. */
const MAX_TTL_SECONDS = 30 * 60

/** Twilio Network Traversal Service, by its global name: the region is the one nearest to the client. */
export const createTwilioProvider = (settings: TwilioSettings, options: Omit<MinterOptions, 'client' | 'maxTtlSeconds'>) =>
  paidProvider(createPaidMinter({ ...options, client: createTwilioClient(settings), maxTtlSeconds: MAX_TTL_SECONDS }))
