/** Nobody's secrets: what the fakes take, unless a test says otherwise. */
export const FAKE_CLOUDFLARE_ACCOUNT = {
  keyId: 'fake0turn0key0id',
  apiToken: 'fake-cloudflare-api-token',
  accountId: 'fake0cloudflare0account',
  analyticsToken: 'fake-cloudflare-analytics-token'
}
export type CloudflareAccount = typeof FAKE_CLOUDFLARE_ACCOUNT

export const FAKE_TWILIO_ACCOUNT = {
  accountSid: 'AC00000000000000000000000000000fake',
  authToken: 'fake-twilio-auth-token',
  apiKey: 'SK00000000000000000000000000000fake',
  apiSecret: 'fake-twilio-api-secret'
}
export type TwilioAccount = typeof FAKE_TWILIO_ACCOUNT

/** The settings that point Spillway at both. */
export const fakeSettings = (cloudflareUrl: string, twilioUrl: string): Record<string, string> => ({
  CLOUDFLARE_TURN_KEY_ID: FAKE_CLOUDFLARE_ACCOUNT.keyId,
  CLOUDFLARE_API_TOKEN: FAKE_CLOUDFLARE_ACCOUNT.apiToken,
  CLOUDFLARE_TURN_BASE_URL: cloudflareUrl,
  CLOUDFLARE_ACCOUNT_ID: FAKE_CLOUDFLARE_ACCOUNT.accountId,
  CLOUDFLARE_ANALYTICS_TOKEN: FAKE_CLOUDFLARE_ACCOUNT.analyticsToken,
  CLOUDFLARE_ANALYTICS_BASE_URL: cloudflareUrl,
  TWILIO_ACCOUNT_SID: FAKE_TWILIO_ACCOUNT.accountSid,
  TWILIO_AUTH_TOKEN: FAKE_TWILIO_ACCOUNT.authToken,
  TWILIO_API_BASE_URL: twilioUrl
})
