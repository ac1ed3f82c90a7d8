import { Type } from 'typebox'
import type { Static } from 'typebox'
import { isUsableUrl } from '../domain/ice-servers.ts'
import { HOST_AND_PORT_PATTERN, NodeId, REGION_PATTERN, relayUrls } from '../domain/node.ts'
import { LogLevel } from '../runtime/log-level.ts'
import { CentralRedisConfig } from '../store/central-redis.ts'

export const AgentConfig = Type.Object({
  SPILLWAY_NODE_ID: NodeId,
  SPILLWAY_NODE_REGION: Type.String({ pattern: REGION_PATTERN, default: 'default', description: 'where this node stands' }),
  SPILLWAY_NODE_KEY: Type.String({ minLength: 43, description: 'from PUT /admin/v1/nodes/<id>: the key this node derives its TURN secrets from' }),
  SPILLWAY_NODE_REDIS_URL: Type.String({ pattern: '^redis://', description: 'the Redis beside this coturn, as its user agent' }),
  SPILLWAY_NODE_RELAY_IP: Type.String({ minLength: 2, description: 'address coturn listens and relays on' }),
  SPILLWAY_NODE_EXTERNAL_IP: Type.Optional(Type.String({ minLength: 2, description: 'public address, where a 1:1 NAT stands before the node' })),
  SPILLWAY_NODE_PUBLIC_URLS: Type.Optional(Type.String({ description: 'turn: and turns: URLs handed to clients, comma separated, best first; default: those of coturn at the external or relay address' })),
  SPILLWAY_COTURN_PORT: Type.Integer({ minimum: 1, maximum: 65535, default: 3478 }),
  SPILLWAY_COTURN_TLS_CERT: Type.Optional(Type.String({ description: 'set where coturn serves TLS' })),
  SPILLWAY_COTURN_TLS_PORT: Type.Integer({ minimum: 1, maximum: 65535, default: 5349 }),
  SPILLWAY_NODE_CAPACITY_MBPS: Type.Number({ exclusiveMinimum: 0, default: 1000, description: 'egress this node may carry, in megabits per second' }),
  SPILLWAY_NODE_MAX_ALLOCATIONS: Type.Integer({ minimum: 1, default: 4000, description: 'allocations this node may hold' }),
  SPILLWAY_DOMAIN: Type.String({ pattern: '^[A-Za-z0-9.-]+$', default: 'spillway.internal', description: 'the realm of a node is <node id>.<domain>' }),
  SPILLWAY_COTURN_CLI_HOST: Type.String({ default: '127.0.0.1' }),
  SPILLWAY_COTURN_CLI_PORT: Type.Integer({ minimum: 1, maximum: 65535, default: 5766 }),
  SPILLWAY_COTURN_CLI_PASSWORD: Type.String({ minLength: 1 }),
  ...CentralRedisConfig,
  SPILLWAY_RELAY_AGENT_HOST: Type.String({ default: '127.0.0.1', description: 'address of the ops port' }),
  SPILLWAY_RELAY_AGENT_OPS_PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 8084, description: '/metrics, /healthz, /readyz' }),
  SPILLWAY_RELAY_AGENT_ADVERTISED_OPS: Type.Optional(Type.String({ pattern: HOST_AND_PORT_PATTERN, description: 'host:port at which Prometheus reaches the ops port, for GET /admin/v1/prometheus/targets' })),
  SPILLWAY_LOG_LEVEL: LogLevel
})
export type AgentConfig = Static<typeof AgentConfig>

/** The addresses of the relay, the one clients see first. */
export const relayIpsOf = (config: AgentConfig): string[] =>
  [...config.SPILLWAY_NODE_EXTERNAL_IP ? [config.SPILLWAY_NODE_EXTERNAL_IP] : [], config.SPILLWAY_NODE_RELAY_IP]

/** What clients are given, best first. */
export function urlsOf (config: AgentConfig): string[] {
  if (config.SPILLWAY_NODE_PUBLIC_URLS) return splitUrls(config.SPILLWAY_NODE_PUBLIC_URLS)
  return relayUrls(relayIpsOf(config)[0] ?? '', config.SPILLWAY_COTURN_PORT, config.SPILLWAY_COTURN_TLS_CERT ? config.SPILLWAY_COTURN_TLS_PORT : undefined)
}

/** A mistyped URL would only show when a browser refuses it. */
export const checkUrls = ({ SPILLWAY_NODE_PUBLIC_URLS: urls }: Partial<AgentConfig>): string[] =>
  urls === undefined || splitUrls(urls).every(url => !url.startsWith('stun') && isUsableUrl(url, true))
    ? []
    : ['SPILLWAY_NODE_PUBLIC_URLS: every entry must be turn:host:port or turns:host:port with ?transport=udp or ?transport=tcp (and not port 53, which browsers block)']

const splitUrls = (urls: string): string[] => urls.split(',').map(url => url.trim()).filter(url => url !== '')
