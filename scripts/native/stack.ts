import { join } from 'node:path'
import { billedAccounts, fakeProviders, paidProviders } from './fake-providers.ts'
import { tcp, udp, urlOf } from './part.ts'
import { pathsOf } from './paths.ts'
import type { Part, PortUse } from './part.ts'
import type { Paths } from './paths.ts'
import type { Address, NodeSettings, Settings } from './settings.ts'

export interface Stack {
  shared: Part[]
  nodes: Array<{ id: string, parts: Part[] }>
}

interface Plan { settings: Settings, paths: Paths, repository: string }

/** What a process gets of the caller's settings: its own kind. Above all no provider's secret beside a relay. */
export const FOR_CONTROL_PLANE = /^SPILLWAY_(PROVIDER_ORDER|PAID_|STATIC_|STUN_|CONTROL_PLANE_|TRUSTED_PROXIES$|POLICY_|REGION_|DEFAULT_REGION$|DOMAIN$|LOG_LEVEL$)/
export const FOR_LEDGER = /^SPILLWAY_(LEDGER_|RATE_CARD_|LOG_LEVEL$)/
export const FOR_PROBER = /^SPILLWAY_(PROBER_|LOG_LEVEL$)/
export const FOR_AGENT = /^SPILLWAY_(NODE_|RELAY_AGENT_|COTURN_(PORT|TLS_PORT|TLS_CERT)$|DOMAIN$|LOG_LEVEL$)/
export const FOR_COTURN = /^SPILLWAY_(COTURN_|NODE_|DOMAIN$)/

/** The whole system as a list of processes, in the order they are started. Decides everything, touches nothing. */
export function describeStack (settings: Settings, repository: string): Stack {
  const plan = { settings, paths: pathsOf(settings.stateFolder), repository }
  return {
    shared: [centralRedis(plan), ...fakeProviders(settings, repository), controlPlane(plan), ledger(plan), prober(plan)],
    nodes: settings.nodes.map((node) => ({ id: node.id, parts: [nodeRedis(node, plan), relayAgent(node, plan), coturn(node, plan)] }))
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

function centralRedis ({ settings, paths }: Plan): Part {
  const address = { host: '127.0.0.1', port: settings.centralRedisPort }
  return {
    name: 'central-redis',
    command: ['redis-server', paths.redisConf],
    environment: {},
    ports: [tcp(address, 'SPILLWAY_CENTRAL_REDIS_PORT')],
    probe: { kind: 'redis', address, user: 'default', passwordFile: paths.redisPassword }
  }
}

function controlPlane (plan: Plan): Part {
  const { api, controlPlaneOps: ops, callersOwn } = plan.settings
  return {
    name: 'control-plane',
    command: service('control-plane', plan),
    environment: withOwn(callersOwn, FOR_CONTROL_PLANE, {
      ...paidProviders(plan.settings),
      SPILLWAY_REDIS_URL_FILE: plan.paths.redisUrl,
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
    command: service('ledger', plan),
    environment: withOwn(callersOwn, FOR_LEDGER, {
      ...billedAccounts(plan.settings),
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
    command: service('prober', plan),
    environment: withOwn(callersOwn, FOR_PROBER, {
      SPILLWAY_REDIS_URL_FILE: plan.paths.proberRedisUrl,
      SPILLWAY_PROBER_HOST: ops.host,
      SPILLWAY_PROBER_OPS_PORT: String(ops.port)
    }),
    ports: [tcp(ops, 'SPILLWAY_PROBER_OPS_PORT')],
    probe: { kind: 'http', url: `${urlOf(ops)}/readyz` }
  }
}

const redisOf = (node: NodeSettings): Address => ({ host: '127.0.0.1', port: node.redisPort })
const cliOf = (node: NodeSettings): Address => ({ host: '127.0.0.1', port: node.cliPort })

function nodeRedis (node: NodeSettings, { paths }: Plan): Part {
  const { redisConf, agentPassword } = paths.node(node.id)
  return {
    name: `${node.id}-redis`,
    command: ['redis-server', redisConf],
    environment: {},
    ports: [tcp(redisOf(node), 'SPILLWAY_NODE_REDIS_PORT')],
    probe: { kind: 'redis', address: redisOf(node), user: 'agent', passwordFile: agentPassword }
  }
}

/** What agent and coturn must agree on. */
export function nodeEnvironment (node: NodeSettings, settings: Settings): Record<string, string> {
  return {
    SPILLWAY_NODE_ID: node.id,
    SPILLWAY_NODE_RELAY_IP: node.relayIp,
    SPILLWAY_COTURN_PORT: String(settings.coturnPort),
    ...settings.coturnTlsPort === undefined ? {} : { SPILLWAY_COTURN_TLS_PORT: String(settings.coturnTlsPort) },
    SPILLWAY_COTURN_CLI_HOST: cliOf(node).host,
    SPILLWAY_COTURN_CLI_PORT: String(cliOf(node).port)
  }
}

function relayAgent (node: NodeSettings, plan: Plan): Part {
  const { key, redisUrl, centralUrl, cliPassword } = plan.paths.node(node.id)
  return {
    name: `${node.id}-relay-agent`,
    command: service('relay-agent', plan),
    environment: withOwn(plan.settings.callersOwn, FOR_AGENT, {
      ...nodeEnvironment(node, plan.settings),
      SPILLWAY_COTURN_CLI_PASSWORD_FILE: cliPassword,
      SPILLWAY_NODE_KEY_FILE: key,
      SPILLWAY_NODE_REDIS_URL_FILE: redisUrl,
      SPILLWAY_REDIS_URL_FILE: centralUrl,
      SPILLWAY_RELAY_AGENT_HOST: node.agentOps.host,
      SPILLWAY_RELAY_AGENT_OPS_PORT: String(node.agentOps.port)
    }),
    ports: [tcp(node.agentOps, 'SPILLWAY_RELAY_AGENT_OPS_PORT')],
    probe: { kind: 'http', url: `${urlOf(node.agentOps)}/readyz` }
  }
}

function coturn (node: NodeSettings, plan: Plan): Part {
  const { coturnPort, coturnTlsPort, callersOwn } = plan.settings
  const { coturnPassword, coturnRun, cliPassword } = plan.paths.node(node.id)
  const address = { host: node.relayIp, port: coturnPort }
  return {
    name: `${node.id}-coturn`,
    command: [join(plan.repository, 'infra/coturn/launch')],
    environment: withOwn(callersOwn, FOR_COTURN, {
      ...nodeEnvironment(node, plan.settings),
      SPILLWAY_COTURN_CLI_PASSWORD_FILE: cliPassword,
      SPILLWAY_COTURN_REDIS_HOST: redisOf(node).host,
      SPILLWAY_COTURN_REDIS_PORT: String(redisOf(node).port),
      SPILLWAY_COTURN_REDIS_PASSWORD_FILE: coturnPassword,
      SPILLWAY_COTURN_RUN_DIR: coturnRun
    }),
    ports: [
      udp(address, 'SPILLWAY_COTURN_PORT'),
      tcp(address, 'SPILLWAY_COTURN_PORT'),
      ...coturnTlsPort === undefined ? [] : [tcp({ host: node.relayIp, port: coturnTlsPort }, 'SPILLWAY_COTURN_TLS_PORT')],
      tcp(cliOf(node), 'SPILLWAY_COTURN_CLI_PORT')
    ],
    probe: { kind: 'tcp', address },
    coturnRun
  }
}

const service = (name: string, { repository }: Plan): string[] =>
  [join(repository, 'node_modules/.bin/node'), `services/${name}/main.ts`]

/** The caller's settings with our own over them; where we set NAME_FILE the caller's NAME goes too, and the other way round. */
export function withOwn (callersOwn: Record<string, string>, wanted: RegExp, own: Record<string, string>): Record<string, string> {
  const names = new Set(Object.keys(own).map((name) => name.replace(/_FILE$/, '')))
  const rest = Object.entries(callersOwn).filter(([name]) => wanted.test(name) && !names.has(name.replace(/_FILE$/, '')))
  return { ...Object.fromEntries(rest), ...own }
}
