import { join } from 'node:path'
import { service, tcp, udp, urlOf, withOwn } from './part.ts'
import type { Part } from './part.ts'
import type { Paths } from './paths.ts'
import type { Address, NodeSettings } from './settings.ts'

/** What the processes of a node are made from, wherever its centre is. */
export interface NodePlan {
  paths: Paths
  repository: string
  coturnPort: number
  /** undefined without a certificate */
  coturnTlsPort: number | undefined
  callersOwn: Record<string, string>
  /** PEM file; undefined where the central Redis speaks no TLS, or has a certificate that everybody trusts */
  centralCa: string | undefined
}

/** Above all no provider's secret beside a relay. */
export const FOR_AGENT = /^SPILLWAY_(NODE_|RELAY_AGENT_|COTURN_(PORT|TLS_PORT|TLS_CERT)$|DOMAIN$|LOG_LEVEL$)/
export const FOR_COTURN = /^SPILLWAY_(COTURN_|NODE_|DOMAIN$)/

/** One relay with its Redis and its agent, in the order they are started. */
export const describeNode = (node: NodeSettings, plan: NodePlan): Part[] => [nodeRedis(node, plan), relayAgent(node, plan), coturn(node, plan)]

const redisOf = (node: NodeSettings): Address => ({ host: '127.0.0.1', port: node.redisPort })
const cliOf = (node: NodeSettings): Address => ({ host: '127.0.0.1', port: node.cliPort })

function nodeRedis (node: NodeSettings, { paths }: NodePlan): Part {
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
export function nodeEnvironment (node: NodeSettings, { coturnPort, coturnTlsPort }: Pick<NodePlan, 'coturnPort' | 'coturnTlsPort'>): Record<string, string> {
  return {
    SPILLWAY_NODE_ID: node.id,
    SPILLWAY_NODE_RELAY_IP: node.relayIp,
    SPILLWAY_COTURN_PORT: String(coturnPort),
    ...coturnTlsPort === undefined ? {} : { SPILLWAY_COTURN_TLS_PORT: String(coturnTlsPort) },
    SPILLWAY_COTURN_CLI_HOST: cliOf(node).host,
    SPILLWAY_COTURN_CLI_PORT: String(cliOf(node).port)
  }
}

/** Where Prometheus finds an agent, unless the caller says so, or it listens at every address and nobody knows which is meant. */
function advertisedOps ({ host, port }: Address, { callersOwn }: Pick<NodePlan, 'callersOwn'>): Record<string, string> {
  if (callersOwn.SPILLWAY_RELAY_AGENT_ADVERTISED_OPS !== undefined || /^(0\.0\.0\.0|::)$/.test(host)) return {}
  return { SPILLWAY_RELAY_AGENT_ADVERTISED_OPS: `${host.includes(':') ? `[${host}]` : host}:${port}` }
}

function relayAgent (node: NodeSettings, plan: NodePlan): Part {
  const { key, redisUrl, centralUrl, cliPassword } = plan.paths.node(node.id)
  return {
    name: `${node.id}-relay-agent`,
    command: service('relay-agent', plan.repository),
    environment: withOwn(plan.callersOwn, FOR_AGENT, {
      ...nodeEnvironment(node, plan),
      SPILLWAY_COTURN_CLI_PASSWORD_FILE: cliPassword,
      SPILLWAY_NODE_KEY_FILE: key,
      SPILLWAY_NODE_REDIS_URL_FILE: redisUrl,
      SPILLWAY_REDIS_URL_FILE: centralUrl,
      ...plan.centralCa === undefined ? {} : { SPILLWAY_REDIS_TLS_CA: plan.centralCa },
      SPILLWAY_RELAY_AGENT_HOST: node.agentOps.host,
      SPILLWAY_RELAY_AGENT_OPS_PORT: String(node.agentOps.port),
      ...advertisedOps(node.agentOps, plan)
    }),
    ports: [tcp(node.agentOps, 'SPILLWAY_RELAY_AGENT_OPS_PORT')],
    probe: { kind: 'http', url: `${urlOf(node.agentOps)}/readyz` }
  }
}

function coturn (node: NodeSettings, plan: NodePlan): Part {
  const { coturnPort, coturnTlsPort, callersOwn } = plan
  const { coturnPassword, coturnRun, cliPassword } = plan.paths.node(node.id)
  const address = { host: node.relayIp, port: coturnPort }
  return {
    name: `${node.id}-coturn`,
    command: [join(plan.repository, 'infra/coturn/launch')],
    environment: withOwn(callersOwn, FOR_COTURN, {
      ...nodeEnvironment(node, plan),
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
