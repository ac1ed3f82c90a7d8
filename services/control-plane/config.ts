import { isIP } from 'node:net'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { isUsableUrl, sanitiseIceServers } from '../domain/ice-servers.ts'
import type { IceServer } from '../domain/ice-servers.ts'
import { PROVIDERS } from '../domain/provider.ts'
import type { ProviderName } from '../domain/provider.ts'
import { LogLevel } from '../runtime/log-level.ts'
import { CentralRedisConfig } from '../store/central-redis.ts'
import { checkPolicySettings, PolicySettings } from './policy-settings.ts'
import type { CloudflareSettings } from '../upstream/cloudflare.ts'
import { checkUpstreamSettings, readCloudflareSettings, readTwilioSettings, UpstreamConfig } from '../upstream/settings.ts'
import type { TwilioSettings } from '../upstream/twilio-sdk.ts'

export const ControlPlaneConfig = Type.Object({
  ...CentralRedisConfig,
  SPILLWAY_MASTER_KEY: Type.String({ minLength: 32, description: 'every other key derives from it: at least 32 random characters, changed by POST /admin/v1/master-key/rotate only' }),
  SPILLWAY_ADMIN_TOKEN: Type.String({ minLength: 20, description: 'Bearer token of the admin API: at least 20 random characters' }),
  SPILLWAY_CONTROL_PLANE_HOST: Type.String({ default: '127.0.0.1', description: 'address of the public API' }),
  SPILLWAY_CONTROL_PLANE_PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 8080, description: 'public API' }),
  SPILLWAY_CONTROL_PLANE_OPS_HOST: Type.String({ default: '127.0.0.1', description: 'address of the ops port; keep it private' }),
  SPILLWAY_CONTROL_PLANE_OPS_PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 8081, description: 'admin API, /metrics, /healthz, /readyz' }),
  SPILLWAY_TRUSTED_PROXIES: Type.Optional(Type.String({ description: 'comma separated addresses or CIDR ranges of the proxies whose X-Forwarded-For is believed' })),
  SPILLWAY_JOIN_REDIS_URL: Type.Optional(Type.String({ pattern: '^rediss?://', description: 'the central Redis as nodes on other machines reach it, without a login; without it none can join' })),
  SPILLWAY_DOMAIN: Type.String({ pattern: '^[A-Za-z0-9.-]+$', default: 'spillway.internal', description: 'the realm of a node is <node id>.<domain>' }),
  SPILLWAY_PROVIDER_ORDER: Type.String({ default: PROVIDERS.join(','), description: 'providers in the order they are tried; what is not configured is skipped' }),
  SPILLWAY_STATIC_ICE_SERVERS: Type.Optional(Type.String({ description: 'JSON list of RTCIceServer for the provider static' })),
  SPILLWAY_STUN_URLS: Type.String({ default: 'stun:stun.l.google.com:19302,stun:stun1.l.google.com:19302', description: 'comma separated, for the provider stun' }),
  ...PolicySettings.properties,
  SPILLWAY_PAID_SHARE_SECONDS: Type.Integer({ minimum: 0, maximum: 60, default: 0, description: 'how long one credential of a paid provider serves all users of an app; 0: each user has an own one' }),
  ...UpstreamConfig,
  SPILLWAY_LOG_LEVEL: LogLevel
})
export type ControlPlaneConfig = Static<typeof ControlPlaneConfig>

export interface ProviderSettings {
  order: ProviderName[]
  staticIceServers: IceServer[]
  stunUrls: string[]
  cloudflare: CloudflareSettings | undefined
  twilio: TwilioSettings | undefined
  paidShareSeconds: number
}

export const splitList = (text: string | undefined): string[] => (text ?? '').split(',').map(entry => entry.trim()).filter(entry => entry !== '')

/** The settings that hold a list inside a string, less what cannot be used of them. */
export function readProviderSettings (config: Partial<ControlPlaneConfig>): ProviderSettings {
  const json = config.SPILLWAY_STATIC_ICE_SERVERS
  return {
    order: splitList(config.SPILLWAY_PROVIDER_ORDER).filter((name): name is ProviderName => (PROVIDERS as readonly string[]).includes(name)),
    staticIceServers: json ? readIceServers(json) : [],
    stunUrls: splitList(config.SPILLWAY_STUN_URLS).filter(url => isUsableUrl(url, false)),
    cloudflare: readCloudflareSettings(config),
    twilio: readTwilioSettings(config),
    paidShareSeconds: config.SPILLWAY_PAID_SHARE_SECONDS ?? 0
  }
}

/** What the schema cannot say of the settings. */
export const checkSettings = (config: Partial<ControlPlaneConfig>): string[] => [...checkProviderSettings(config), ...checkJoinUrl(config), ...checkTrustedProxies(config), ...checkPolicySettings(config)]

/** Passwords, and the sessions of users, must not cross a network in clear. */
function checkJoinUrl ({ SPILLWAY_JOIN_REDIS_URL: text }: Partial<ControlPlaneConfig>): string[] {
  const url = text === undefined || !URL.canParse(text) ? undefined : new URL(text)
  if (text === undefined || (url && url.hostname !== '' && url.username === '' && url.password === '' && (url.protocol === 'rediss:' || /^(127\.|localhost$|\[::1\]$)/.test(url.hostname)))) return []
  return ['SPILLWAY_JOIN_REDIS_URL must be rediss://host:port without a login (redis:// on loopback only): each node gets a login of its own']
}

function checkTrustedProxies ({ SPILLWAY_TRUSTED_PROXIES: list }: Partial<ControlPlaneConfig>): string[] {
  const isRange = (entry: string): boolean => {
    const [address = '', prefix, ...more] = entry.split('/')
    return isIP(address) !== 0 && more.length === 0 && (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (isIP(address) === 4 ? 32 : 128)))
  }
  return splitList(list).filter(entry => !isRange(entry)).map(entry => `SPILLWAY_TRUSTED_PROXIES: "${entry}" is neither an address nor a range such as 10.0.0.0/8`)
}

/** What is wrong with those that name providers. */
export function checkProviderSettings (config: Partial<ControlPlaneConfig>): string[] {
  const problems: string[] = []
  const { staticIceServers, stunUrls } = readProviderSettings(config)
  const order = splitList(config.SPILLWAY_PROVIDER_ORDER)
  for (const name of order) if (!(PROVIDERS as readonly string[]).includes(name)) problems.push(`SPILLWAY_PROVIDER_ORDER: there is no provider "${name}" (${PROVIDERS.join(', ')})`)
  if (new Set(order).size !== order.length) problems.push('SPILLWAY_PROVIDER_ORDER names a provider twice')
  if (config.SPILLWAY_PROVIDER_ORDER !== undefined && order.length === 0) problems.push('SPILLWAY_PROVIDER_ORDER is empty')
  if (stunUrls.length !== splitList(config.SPILLWAY_STUN_URLS).length) problems.push('SPILLWAY_STUN_URLS: every entry must be stun:host or stun:host:port (and not port 53, which browsers block)')
  if (config.SPILLWAY_STATIC_ICE_SERVERS && staticIceServers.length === 0) {
    problems.push('SPILLWAY_STATIC_ICE_SERVERS must be a JSON list like [{"urls":["turn:host:3478?transport=udp"],"username":"u","credential":"c"}] with at least one usable URL')
  }
  return [...problems, ...checkUpstreamSettings(config)]
}

function readIceServers (json: string): IceServer[] {
  try {
    const list: unknown = JSON.parse(json)
    if (!Array.isArray(list)) return []
    return sanitiseIceServers(list.map(({ urls, username, credential }) => ({
      urls: (Array.isArray(urls) ? urls : [urls]).map(String), username, credential
    })))
  } catch {
    return []
  }
}
