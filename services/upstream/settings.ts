import { Type } from 'typebox'
import type { Static } from 'typebox'
import type { CloudflareSettings } from './cloudflare.ts'
import type { CloudflareUsageSettings } from './cloudflare-usage.ts'
import type { TwilioSettings } from './twilio-sdk.ts'

/** Secrets go there: it holds none itself (a name and password before an @), nor what would not stay in front; see checkBaseUrls. */
const BaseUrl = (standard: string, description: string) => Type.String({ pattern: '^https?://[^\\s/@?#]+(/[^\\s@?#]*)?$', default: standard, description })
/** A part of a path. */
const Id = (pattern: string, description: string) => Type.Optional(Type.String({ pattern, description }))
/** An HTTP header takes no space and no line end. */
const Secret = (description: string) => Type.Optional(Type.String({ pattern: '^[!-~]+$', description }))

const TwilioConfig = {
  TWILIO_ACCOUNT_SID: Id('^AC[A-Za-z0-9_-]+$', 'begins with AC'),
  TWILIO_AUTH_TOKEN: Secret('auth token of the account'),
  TWILIO_API_KEY: Id('^SK[A-Za-z0-9_-]+$', 'SID of a standard API key, begins with SK; instead of the auth token'),
  TWILIO_API_SECRET: Secret('secret of the API key'),
  TWILIO_API_BASE_URL: BaseUrl('https://api.twilio.com', 'what stands before /2010-04-01')
}
const keyId = Id('^[A-Za-z0-9_-]+$', 'id of a TURN key of Cloudflare Realtime')

/** What the paid providers are asked with for credentials; a provider without its settings is skipped. */
export const UpstreamConfig = {
  CLOUDFLARE_TURN_KEY_ID: keyId,
  CLOUDFLARE_API_TOKEN: Secret('API token of that TURN key'),
  CLOUDFLARE_TURN_BASE_URL: BaseUrl('https://rtc.live.cloudflare.com', 'what stands before /v1/turn'),
  ...TwilioConfig
}

/** What they are asked with for their bills; the account of one that is not given is not compared. */
export const BillsConfig = {
  CLOUDFLARE_TURN_KEY_ID: keyId,
  CLOUDFLARE_ACCOUNT_ID: Id('^[A-Za-z0-9_-]+$', 'id of the Cloudflare account, for its analytics'),
  CLOUDFLARE_ANALYTICS_TOKEN: Secret('API token with the permission Account Analytics; that of the TURN key has it not'),
  CLOUDFLARE_ANALYTICS_BASE_URL: BaseUrl('https://api.cloudflare.com', 'what stands before /client/v4/graphql'),
  ...TwilioConfig
}
type BillsConfig = { [Name in keyof typeof BillsConfig]?: Static<typeof BillsConfig[Name]> }

export function readAnalyticsSettings ({ CLOUDFLARE_TURN_KEY_ID: keyId, CLOUDFLARE_ACCOUNT_ID: accountId, CLOUDFLARE_ANALYTICS_TOKEN: analyticsToken, CLOUDFLARE_ANALYTICS_BASE_URL: baseUrl }: BillsConfig): CloudflareUsageSettings | undefined {
  return keyId && accountId && analyticsToken && baseUrl ? { keyId, accountId, analyticsToken, baseUrl } : undefined
}

/** The key is there for credentials too, so it alone asks for nothing. */
export function checkBillsSettings (config: BillsConfig): string[] {
  const { CLOUDFLARE_TURN_KEY_ID: keyId, CLOUDFLARE_ACCOUNT_ID: accountId, CLOUDFLARE_ANALYTICS_TOKEN: token } = config
  return [
    ...accountId && !token ? ['CLOUDFLARE_ANALYTICS_TOKEN is not set, but CLOUDFLARE_ACCOUNT_ID is'] : [],
    ...token && !accountId ? ['CLOUDFLARE_ACCOUNT_ID is not set, but CLOUDFLARE_ANALYTICS_TOKEN is'] : [],
    ...accountId && token && !keyId ? ['CLOUDFLARE_TURN_KEY_ID is not set: the analytics are those of one TURN key'] : [],
    ...checkTwilioSettings(config),
    ...checkBaseUrls(config, ['CLOUDFLARE_ANALYTICS_BASE_URL', 'TWILIO_API_BASE_URL'])
  ]
}
type UpstreamConfig = { [Name in keyof typeof UpstreamConfig]?: Static<typeof UpstreamConfig[Name]> }

export function readCloudflareSettings ({ CLOUDFLARE_TURN_KEY_ID: keyId, CLOUDFLARE_API_TOKEN: apiToken, CLOUDFLARE_TURN_BASE_URL: baseUrl }: UpstreamConfig): CloudflareSettings | undefined {
  return keyId && apiToken && baseUrl ? { keyId, apiToken, baseUrl } : undefined
}

export function readTwilioSettings ({ TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken, TWILIO_API_KEY: key, TWILIO_API_SECRET: secret, TWILIO_API_BASE_URL: baseUrl }: UpstreamConfig): TwilioSettings | undefined {
  if (!accountSid || !baseUrl) return undefined
  if (key && secret) return { accountSid, username: key, password: secret, baseUrl }
  return authToken ? { accountSid, username: accountSid, password: authToken, baseUrl } : undefined
}

/** Half an account is a mistake, not a provider that is not wanted. */
export function checkUpstreamSettings (config: UpstreamConfig): string[] {
  const { CLOUDFLARE_TURN_KEY_ID: keyId, CLOUDFLARE_API_TOKEN: apiToken } = config
  return [
    ...keyId && !apiToken ? ['CLOUDFLARE_API_TOKEN is not set, but CLOUDFLARE_TURN_KEY_ID is: Cloudflare needs both'] : [],
    ...apiToken && !keyId ? ['CLOUDFLARE_TURN_KEY_ID is not set, but CLOUDFLARE_API_TOKEN is: Cloudflare needs both'] : [],
    ...checkTwilioSettings(config),
    ...checkBaseUrls(config, ['CLOUDFLARE_TURN_BASE_URL', 'TWILIO_API_BASE_URL'])
  ]
}

/** Whoever is on the way could read the account off plain http; what stays on this machine, as fakes do, has no way. */
function checkBaseUrls <Name extends string> (config: { [name in Name]?: string }, names: readonly Name[]): string[] {
  return names.flatMap(name => {
    const url = config[name] ?? ''
    // all forms of an IPv4 address become dotted numbers
    const { protocol, hostname } = URL.canParse(url) ? new URL(url) : { protocol: '', hostname: '' }
    return protocol !== 'http:' || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname) ? [] : [`${name} begins with http://, so the secrets of the account would travel in the clear: use https:// (http:// is for 127.0.0.1, [::1] and localhost only)`]
  })
}

function checkTwilioSettings (config: Pick<UpstreamConfig, keyof typeof TwilioConfig>): string[] {
  const { TWILIO_ACCOUNT_SID: sid, TWILIO_AUTH_TOKEN: authToken, TWILIO_API_KEY: key, TWILIO_API_SECRET: secret } = config
  const problems: string[] = []
  if (key && !secret) problems.push('TWILIO_API_SECRET is not set, but TWILIO_API_KEY is')
  if (secret && !key) problems.push('TWILIO_API_KEY is not set, but TWILIO_API_SECRET is')
  if (authToken && (key || secret)) problems.push('TWILIO_AUTH_TOKEN and TWILIO_API_KEY are both set: keep one, best the key, which can be revoked by itself')
  if (!sid && (authToken || key || secret)) problems.push('TWILIO_ACCOUNT_SID is not set: Twilio needs it beside the auth token or the API key')
  if (sid && !authToken && !key && !secret) problems.push('TWILIO_ACCOUNT_SID is set, but neither TWILIO_AUTH_TOKEN nor TWILIO_API_KEY with TWILIO_API_SECRET')
  return problems
}
