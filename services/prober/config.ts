import { Type } from 'typebox'
import type { Static } from 'typebox'
import { isUsableUrl } from '../domain/ice-servers.ts'
import { LogLevel } from '../runtime/log-level.ts'
import { CentralRedisConfig } from '../store/central-redis.ts'

export const ProberConfig = Type.Object({
  ...CentralRedisConfig,
  SPILLWAY_PROBER_NAME: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,31}$', default: 'prober', description: 'of this vantage point; each prober needs its own' }),
  SPILLWAY_PROBER_TLS_CA: Type.Optional(Type.String({ minLength: 1, description: 'PEM file of a private CA that turns: certificates may come from; browsers must know it too' })),
  SPILLWAY_PROBER_REFERENCE_URLS: Type.Optional(Type.String({ description: 'comma separated stun: URLs outside the fleet: while one answers, this vantage point is known to reach the world' })),
  SPILLWAY_PROBER_HOST: Type.String({ default: '127.0.0.1', description: 'address of the ops port' }),
  SPILLWAY_PROBER_OPS_PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 8083, description: '/metrics, /healthz, /readyz' }),
  SPILLWAY_LOG_LEVEL: LogLevel
})
export type ProberConfig = Static<typeof ProberConfig>

export const referenceUrlsOf = ({ SPILLWAY_PROBER_REFERENCE_URLS: list }: Partial<ProberConfig>): string[] =>
  (list ?? '').split(',').map(url => url.trim()).filter(url => url !== '')

export const checkReferenceUrls = (config: Partial<ProberConfig>): string[] =>
  referenceUrlsOf(config).every(url => isUsableUrl(url, false) && url.startsWith('stun:'))
    ? []
    : ['SPILLWAY_PROBER_REFERENCE_URLS: every entry must be stun:host or stun:host:port']
