import { Type } from 'typebox'
import type { Static } from 'typebox'
import { ConfigError } from '../runtime/load-config.ts'
import { sanitiseIceServers } from '../domain/ice-servers.ts'
import type { IceServer } from '../domain/ice-servers.ts'
import { PROVIDERS } from '../policy/decide-route.ts'
import type { ProviderName } from '../policy/decide-route.ts'

export const ControlPlaneConfig = Type.Object({
  SPILLWAY_REDIS_URL: Type.String({ pattern: '^rediss?://', description: 'the central Redis' }),
  SPILLWAY_MASTER_KEY: Type.String({ minLength: 32, description: 'every other key derives from it: at least 32 random characters, kept for ever' }),
  SPILLWAY_ADMIN_TOKEN: Type.String({ minLength: 20, description: 'Bearer token of the admin API: at least 20 random characters' }),
  SPILLWAY_CONTROL_PLANE_HOST: Type.String({ default: '127.0.0.1', description: 'address of the public API' }),
  SPILLWAY_CONTROL_PLANE_PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 8080, description: 'public API' }),
  SPILLWAY_CONTROL_PLANE_OPS_HOST: Type.String({ default: '127.0.0.1', description: 'address of the ops port; keep it private' }),
  SPILLWAY_CONTROL_PLANE_OPS_PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 8081, description: 'admin API, /metrics, /healthz, /readyz' }),
  SPILLWAY_DOMAIN: Type.String({ pattern: '^[A-Za-z0-9.-]+$', default: 'spillway.internal', description: 'the realm of a node is <node id>.<domain>' }),
  SPILLWAY_PROVIDER_ORDER: Type.String({ default: PROVIDERS.join(','), description: 'providers in the order they are tried; what is not configured is skipped' }),
  SPILLWAY_STATIC_ICE_SERVERS: Type.Optional(Type.String({ description: 'JSON list of RTCIceServer for the provider static' })),
  SPILLWAY_STUN_URLS: Type.String({ default: 'stun:stun.l.google.com:19302,stun:stun1.l.google.com:19302', description: 'comma separated, for the provider stun' }),
  SPILLWAY_LOG_LEVEL: Type.String({ pattern: '^(trace|debug|info|warn|error|fatal|silent)$', default: 'info' })
})
export type ControlPlaneConfig = Static<typeof ControlPlaneConfig>

export interface ProviderSettings {
  order: ProviderName[]
  staticIceServers: IceServer[]
  stunUrls: string[]
}

/** The settings that hold a list inside a string. @throws ConfigError naming all that is wrong with them */
export function readProviderSettings (config: ControlPlaneConfig): ProviderSettings {
  const problems: string[] = []
  const order = config.SPILLWAY_PROVIDER_ORDER.split(',').map(name => name.trim()).filter(name => name !== '')
  for (const name of order) if (!(PROVIDERS as readonly string[]).includes(name)) problems.push(`SPILLWAY_PROVIDER_ORDER: there is no provider "${name}" (${PROVIDERS.join(', ')})`)
  if (new Set(order).size !== order.length) problems.push('SPILLWAY_PROVIDER_ORDER names a provider twice')
  if (order.length === 0) problems.push('SPILLWAY_PROVIDER_ORDER is empty')

  const stunUrls = config.SPILLWAY_STUN_URLS.split(',').map(url => url.trim()).filter(url => url !== '')
  if (stunUrls.length > 0 && sanitiseIceServers([{ urls: stunUrls }], stunUrls.length)[0]?.urls.length !== stunUrls.length) {
    problems.push('SPILLWAY_STUN_URLS: every entry must be stun:host or stun:host:port (and not port 53, which browsers block)')
  }
  let staticIceServers: IceServer[] = []
  if (config.SPILLWAY_STATIC_ICE_SERVERS) {
    staticIceServers = readIceServers(config.SPILLWAY_STATIC_ICE_SERVERS)
    if (staticIceServers.length === 0) problems.push('SPILLWAY_STATIC_ICE_SERVERS must be a JSON list like [{"urls":["turn:host:3478?transport=udp"],"username":"u","credential":"c"}] with at least one usable URL')
  }
  if (problems.length > 0) throw new ConfigError(`The configuration cannot be used:\n${problems.map(problem => `  - ${problem}`).join('\n')}\nSee .env.example for every setting.`)
  return { order: order as ProviderName[], staticIceServers, stunUrls }
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
