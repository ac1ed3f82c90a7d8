import { join } from 'node:path'
import type { Address, NodeSettings, Settings } from './settings.ts'
import { pathsOf } from './paths.ts'

export interface PortUse extends Address {
  protocol: 'tcp' | 'udp'
  /** the setting that moves it */
  variable: string
}

/** How a part shows that it can do its work: 200 on a URL, PONG to whoever knows the password, or an open port. */
export type Probe =
  | { kind: 'http', url: string }
  | { kind: 'redis', address: Address, user: string, passwordFile: string }
  | { kind: 'tcp', address: Address }

/** One process of ours. */
export interface Part {
  /** also the name of its pid and log file */
  name: string
  command: string[]
  environment: Record<string, string>
  ports: PortUse[]
  probe: Probe
  /** set for coturn: where its supervisor keeps turnserver.pid */
  coturnRun?: string
}

export interface Stack {
  shared: Part[]
  nodes: Array<{ id: string, parts: Part[] }>
}

/** An address that can be connected to, where one can be listened on. */
export function reachable ({ host, port }: Address): Address {
  return { host: host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host, port }
}

export function urlOf (address: Address): string {
  const { host, port } = reachable(address)
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** The whole system as a list of processes, in the order they are started. Decides everything, touches nothing. */
export function describeStack (settings: Settings, repository: string): Stack {
  const paths = pathsOf(settings.stateFolder)
  const centralRedis: Address = { host: '127.0.0.1', port: settings.centralRedisPort }

  const service = (name: string, ops: Address, ports: PortUse[], own: Record<string, string>, partName = name): Part => ({
    name: partName,
    command: [join(repository, 'node_modules/.bin/node'), `services/${name}/main.ts`],
    environment: forCaller(settings.callersOwn, { SPILLWAY_REDIS_URL_FILE: paths.redisUrl, ...own }, /./),
    ports,
    probe: { kind: 'http', url: `${urlOf(ops)}/readyz` }
  })
  const redis = (name: string, conf: string, address: Address, variable: string, login: { user: string, passwordFile: string }): Part => ({
    name,
    command: ['redis-server', conf],
    environment: {},
    ports: [{ ...address, protocol: 'tcp', variable }],
    probe: { kind: 'redis', address, ...login }
  })

  const shared = [
    redis('central-redis', paths.redisConf, centralRedis, 'SPILLWAY_CENTRAL_REDIS_PORT', { user: 'default', passwordFile: paths.redisPassword }),
    service('control-plane', settings.controlPlaneOps, [
      { ...settings.api, protocol: 'tcp', variable: 'SPILLWAY_CONTROL_PLANE_PORT' },
      { ...settings.controlPlaneOps, protocol: 'tcp', variable: 'SPILLWAY_CONTROL_PLANE_OPS_PORT' }
    ], {
      SPILLWAY_MASTER_KEY_FILE: paths.masterKey,
      SPILLWAY_ADMIN_TOKEN_FILE: paths.adminToken,
      SPILLWAY_CONTROL_PLANE_HOST: settings.api.host,
      SPILLWAY_CONTROL_PLANE_PORT: String(settings.api.port),
      SPILLWAY_CONTROL_PLANE_OPS_HOST: settings.controlPlaneOps.host,
      SPILLWAY_CONTROL_PLANE_OPS_PORT: String(settings.controlPlaneOps.port)
    }),
    service('ledger', settings.ledgerOps, [{ ...settings.ledgerOps, protocol: 'tcp', variable: 'SPILLWAY_LEDGER_OPS_PORT' }], {
      SPILLWAY_MASTER_KEY_FILE: paths.masterKey,
      SPILLWAY_LEDGER_HOST: settings.ledgerOps.host,
      SPILLWAY_LEDGER_OPS_PORT: String(settings.ledgerOps.port)
    })
  ]

  const describeNode = (node: NodeSettings): Part[] => {
    const files = paths.node(node.id)
    const nodeRedis: Address = { host: '127.0.0.1', port: node.redisPort }
    const cli: Address = { host: '127.0.0.1', port: node.cliPort }
    const coturn: Address = { host: node.relayIp, port: settings.coturnPort }
    const common = {
      SPILLWAY_NODE_ID: node.id,
      SPILLWAY_NODE_RELAY_IP: node.relayIp,
      SPILLWAY_COTURN_CLI_HOST: cli.host,
      SPILLWAY_COTURN_CLI_PORT: String(cli.port),
      SPILLWAY_COTURN_CLI_PASSWORD_FILE: files.cliPassword
    }
    return [
      redis(`${node.id}-redis`, files.redisConf, nodeRedis, 'SPILLWAY_NODE_REDIS_PORT', { user: 'agent', passwordFile: files.agentPassword }),
      service('relay-agent', node.agentOps, [{ ...node.agentOps, protocol: 'tcp', variable: 'SPILLWAY_RELAY_AGENT_OPS_PORT' }], {
        ...common,
        SPILLWAY_NODE_PUBLIC_URLS: node.publicUrls,
        SPILLWAY_NODE_KEY_FILE: files.key,
        SPILLWAY_NODE_REDIS_URL_FILE: files.redisUrl,
        SPILLWAY_RELAY_AGENT_HOST: node.agentOps.host,
        SPILLWAY_RELAY_AGENT_OPS_PORT: String(node.agentOps.port)
      }, `${node.id}-relay-agent`),
      {
        name: `${node.id}-coturn`,
        command: [join(repository, 'infra/coturn/launch')],
        // coturn is what strangers talk to: it gets what is about relays and nothing of the rest
        environment: forCaller(settings.callersOwn, {
          ...common,
          SPILLWAY_COTURN_PORT: String(settings.coturnPort),
          ...settings.coturnTlsPort === undefined ? {} : { SPILLWAY_COTURN_TLS_PORT: String(settings.coturnTlsPort) },
          SPILLWAY_COTURN_REDIS_HOST: nodeRedis.host,
          SPILLWAY_COTURN_REDIS_PORT: String(nodeRedis.port),
          SPILLWAY_COTURN_REDIS_PASSWORD_FILE: files.coturnPassword,
          SPILLWAY_COTURN_RUN_DIR: files.coturnRun
        }, /^SPILLWAY_(COTURN|NODE|DOMAIN)/),
        ports: [
          { ...coturn, protocol: 'udp', variable: 'SPILLWAY_COTURN_PORT' },
          { ...coturn, protocol: 'tcp', variable: 'SPILLWAY_COTURN_PORT' },
          ...settings.coturnTlsPort === undefined ? [] : [{ host: node.relayIp, port: settings.coturnTlsPort, protocol: 'tcp' as const, variable: 'SPILLWAY_COTURN_TLS_PORT' }],
          { ...cli, protocol: 'tcp', variable: 'SPILLWAY_COTURN_CLI_PORT' }
        ],
        probe: { kind: 'tcp', address: coturn },
        coturnRun: files.coturnRun
      }
    ]
  }
  return { shared, nodes: settings.nodes.map((node) => ({ id: node.id, parts: describeNode(node) })) }
}

/** The caller's settings with our own over them; where we set NAME_FILE the caller's NAME goes too, and the other way round. */
function forCaller (callersOwn: Record<string, string>, own: Record<string, string>, wanted: RegExp): Record<string, string> {
  const names = new Set(Object.keys(own).map((name) => name.replace(/_FILE$/, '')))
  const rest = Object.entries(callersOwn).filter(([name]) => wanted.test(name) && !names.has(name.replace(/_FILE$/, '')))
  return { ...Object.fromEntries(rest), ...own }
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
