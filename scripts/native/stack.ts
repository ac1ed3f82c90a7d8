import { billedAccounts, fakeProviders, paidProviders } from './fake-providers.ts'
import { describeNode } from './node-parts.ts'
import { service, tcp, urlOf, withOwn } from './part.ts'
import { pathsOf } from './paths.ts'
import type { Part, PortUse, RedisProbe } from './part.ts'
import type { Paths } from './paths.ts'
import type { Settings } from './settings.ts'

export interface Stack {
  shared: Part[]
  nodes: Array<{ id: string, parts: Part[] }>
}

interface Plan { settings: Settings, paths: Paths, repository: string }

/** What a process gets of the caller's settings: its own kind. Above all no provider's secret beside a relay. */
export const FOR_CONTROL_PLANE = /^SPILLWAY_(PROVIDER_ORDER|JOIN_|PAID_|STATIC_|STUN_|CONTROL_PLANE_|TRUSTED_PROXIES$|POLICY_|REGION_|DEFAULT_REGION$|DOMAIN$|LOG_LEVEL$)/
export const FOR_LEDGER = /^SPILLWAY_(LEDGER_|RATE_CARD_|LOG_LEVEL$)/
export const FOR_PROBER = /^SPILLWAY_(PROBER_|LOG_LEVEL$)/

/** The whole system as a list of processes, in the order they are started. Decides everything, touches nothing. */
export function describeStack (settings: Settings, repository: string): Stack {
  const plan = { settings, paths: pathsOf(settings.stateFolder), repository }
  return {
    shared: [centralRedis(plan), ...fakeProviders(settings, repository), controlPlane(plan), ledger(plan), prober(plan)],
    nodes: settings.nodes.map((node) => ({ id: node.id, parts: describeNode(node, { ...settings, ...plan, centralCa: centralCaOf(plan) }) }))
  }
}

/** Two parts on one port, if there are any, in words. */
export function findClash ({ shared, nodes }: Stack): string | undefined {
  const seen = new Map<string, PortUse>()
  for (const use of [...shared, ...nodes.flatMap(({ parts }) => parts)].flatMap(({ ports }) => ports)) {
    const key = `${use.protocol} ${use.host} ${use.port}`
    const other = seen.get(key)
    if (other !== undefined) return `${other.variable} and ${use.variable} both come to port ${use.port} on ${use.host}: change one of them`
    seen.set(key, use)
  }
  return undefined
}

/** Set where the central Redis speaks TLS, to this machine as well: Redis has one list of addresses for both kinds of ports. */
const centralCaOf = ({ settings, paths }: Pick<Plan, 'settings' | 'paths'>): string | undefined => settings.centralRedisAddress === undefined ? undefined : paths.redisTls.ca

function throughTls (plan: Plan): Record<string, string> {
  const ca = centralCaOf(plan)
  return ca === undefined ? {} : { SPILLWAY_REDIS_TLS_CA: ca }
}

/** Where other machines find it, unless the caller knows a better name. */
export function joinUrl ({ settings: { centralRedisAddress: host, centralRedisPort: port, callersOwn } }: Pick<Plan, 'settings'>): Record<string, string> {
  return host === undefined || callersOwn.SPILLWAY_JOIN_REDIS_URL !== undefined ? {} : { SPILLWAY_JOIN_REDIS_URL: `rediss://${host}:${port}` }
}

function centralRedis (plan: Plan): Part {
  const { settings, paths } = plan
  const address = { host: '127.0.0.1', port: settings.centralRedisPort }
  const outside = settings.centralRedisAddress === undefined ? [] : [tcp({ host: settings.centralRedisAddress, port: address.port }, 'SPILLWAY_CENTRAL_REDIS_ADDRESS')]
  return {
    name: 'central-redis',
    command: ['redis-server', paths.redisConf],
    environment: {},
    ports: [tcp(address, 'SPILLWAY_CENTRAL_REDIS_PORT'), ...outside],
    probe: centralProbe(plan)
  }
}

/** How the central Redis of these settings is asked, as who may do anything but harm. */
export const centralProbe = (plan: Pick<Plan, 'settings' | 'paths'>): RedisProbe => ({
  kind: 'redis',
  address: { host: '127.0.0.1', port: plan.settings.centralRedisPort },
  user: 'default',
  passwordFile: plan.paths.redisPassword,
  caFile: centralCaOf(plan)
})

function controlPlane (plan: Plan): Part {
  const { api, controlPlaneOps: ops, callersOwn } = plan.settings
  return {
    name: 'control-plane',
    command: service('control-plane', plan.repository),
    environment: withOwn(callersOwn, FOR_CONTROL_PLANE, {
      ...paidProviders(plan.settings),
      ...throughTls(plan),
      ...joinUrl(plan),
      SPILLWAY_REDIS_URL_FILE: plan.paths.controlPlaneRedisUrl,
      SPILLWAY_MASTER_KEY_FILE: plan.paths.masterKey,
      SPILLWAY_ADMIN_TOKEN_FILE: plan.paths.adminToken,
      SPILLWAY_CONTROL_PLANE_HOST: api.host,
      SPILLWAY_CONTROL_PLANE_PORT: String(api.port),
      SPILLWAY_CONTROL_PLANE_OPS_HOST: ops.host,
      SPILLWAY_CONTROL_PLANE_OPS_PORT: String(ops.port)
    }),
    ports: [tcp(api, 'SPILLWAY_CONTROL_PLANE_PORT'), tcp(ops, 'SPILLWAY_CONTROL_PLANE_OPS_PORT')],
    probe: { kind: 'http', url: `${urlOf(ops)}/readyz` }
  }
}

function ledger (plan: Plan): Part {
  const { ledgerOps: ops, callersOwn } = plan.settings
  return {
    name: 'ledger',
    command: service('ledger', plan.repository),
    environment: withOwn(callersOwn, FOR_LEDGER, {
      ...billedAccounts(plan.settings),
      ...throughTls(plan),
      SPILLWAY_REDIS_URL_FILE: plan.paths.redisUrl,
      SPILLWAY_MASTER_KEY_FILE: plan.paths.masterKey,
      SPILLWAY_LEDGER_HOST: ops.host,
      SPILLWAY_LEDGER_OPS_PORT: String(ops.port)
    }),
    ports: [tcp(ops, 'SPILLWAY_LEDGER_OPS_PORT')],
    probe: { kind: 'http', url: `${urlOf(ops)}/readyz` }
  }
}

function prober (plan: Plan): Part {
  const { proberOps: ops, callersOwn } = plan.settings
  return {
    name: 'prober',
    command: service('prober', plan.repository),
    environment: withOwn(callersOwn, FOR_PROBER, {
      ...throughTls(plan),
      SPILLWAY_REDIS_URL_FILE: plan.paths.proberRedisUrl,
      SPILLWAY_PROBER_HOST: ops.host,
      SPILLWAY_PROBER_OPS_PORT: String(ops.port)
    }),
    ports: [tcp(ops, 'SPILLWAY_PROBER_OPS_PORT')],
    probe: { kind: 'http', url: `${urlOf(ops)}/readyz` }
  }
}
