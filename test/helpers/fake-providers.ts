import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { fakeSettings } from '../fakes/accounts.ts'
import { startFakeCloudflare } from '../fakes/fake-cloudflare.ts'
import { startFakeTwilio } from '../fakes/fake-twilio.ts'

/** Both fakes with secrets of their own, that can be told from all else in a log; gone with the test. */
export async function startFakeProviders (t: Test) {
  const secret = (): string => randomBytes(16).toString('hex')
  const cloudflareAccount = { keyId: `key${secret()}`, apiToken: `token${secret()}`, accountId: `account${secret()}`, analyticsToken: `analytics${secret()}` }
  const twilioAccount = { accountSid: `AC${secret()}`, authToken: `auth${secret()}`, apiKey: `SK${secret()}`, apiSecret: `secret${secret()}` }
  const cloudflare = await startFakeCloudflare({ account: cloudflareAccount })
  t.teardown(cloudflare.stop)
  const twilio = await startFakeTwilio({ account: twilioAccount })
  t.teardown(twilio.stop)
  return {
    cloudflare,
    twilio,
    cloudflareAccount,
    twilioAccount,
    /** what points a control plane at both */
    settings: {
      ...fakeSettings(cloudflare.url, twilio.url),
      CLOUDFLARE_TURN_KEY_ID: cloudflareAccount.keyId,
      CLOUDFLARE_API_TOKEN: cloudflareAccount.apiToken,
      TWILIO_ACCOUNT_SID: twilioAccount.accountSid,
      TWILIO_AUTH_TOKEN: twilioAccount.authToken
    },
    /** what no log may hold: accounts, and all that was minted */
    secrets: (): string[] => [
      ...Object.values(cloudflareAccount), ...Object.values(twilioAccount),
      ...cloudflare.minted.flatMap(({ username, credential }) => [username, credential]),
      ...twilio.minted.flatMap(({ username, password }) => [username, password])
    ]
  }
}
export type FakeProviders = Awaited<ReturnType<typeof startFakeProviders>>
