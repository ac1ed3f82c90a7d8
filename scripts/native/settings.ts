import { isIPv4 } from 'node:net'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { OperatorError } from './operator-error.ts'

export type Environment = Readonly<Record<string, string | undefined>>
export interface Address { host: string, port: number }

export interface NodeSettings {
  id: string
  relayIp: string
  redisPort: number
  cliPort: number
  agentOps: Address
}

export interface Settings {
  detach: boolean
  stateFolder: string
  centralRedisPort: number
  /** where it listens beside loopback, for nodes on other machines; it then speaks TLS only */
  centralRedisAddress: string | undefined
  api: Address
  controlPlaneOps: Address
  ledgerOps: Address
  proberOps: Address
  coturnPort: number
  /** undefined without a certificate */
  coturnTlsPort: number | undefined
  nodes: NodeSettings[]
  /** undefined where the paid providers are real ones, or none */
  fakes: { cloudflarePort: number, twilioPort: number } | undefined
  /** SPILLWAY_*, TWILIO_* and CLOUDFLARE_* of the caller, less what is settled here */
  callersOwn: Record<string, string>
}

/** More on one machine is a mistyped number: 50 nodes are 150 processes. */
const MAX_NODES = 50
const LOOPBACK = '127.0.0.1'
/** The state folder has these, and only the process that needs one gets it; the last two are for up alone. */
const NOT_PASSED_ON = /^SPILLWAY_((MASTER_KEY|ADMIN_TOKEN|NODE_KEY|NODE_ID)(_FILE)?|STATE_DIR|NODE_NETWORK|CENTRAL_REDIS_ADDRESS|REDIS_TLS_CA)$/
/** Settings that describe one node and so cannot serve two. */
const OF_ONE_NODE = ['SPILLWAY_RELAY_AGENT_ADVERTISED_OPS', 'SPILLWAY_NODE_RELAY_IP', 'SPILLWAY_NODE_EXTERNAL_IP', 'SPILLWAY_NODE_PUBLIC_URLS']

/** Where the state is: SPILLWAY_STATE_DIR, or .spillway in the repository. */
export function stateFolderOf (environment: Environment, repository: string): string {
  return resolve(environment.SPILLWAY_STATE_DIR || `${repository}/.spillway`)
}

/**
 * What was asked for on the command line and in the environment; an empty variable counts as not set.
 * @throws OperatorError that names every mistake
 */
export function readSettings (args: readonly string[], environment: Environment, repository: string, command = 'up'): Settings {
  const problems: string[] = []
  const flags = readFlags(args)
  const settled = new Set<string>()

  const port = (variable: string, standard: number, offset = 0): number => {
    settled.add(variable)
    const text = environment[variable] || String(standard)
    const number = /^\d{1,5}$/.test(text) ? Number(text) + offset : NaN
    if (!(number >= 1 && number <= 65535)) problems.push(`${variable}${offset > 0 ? ` + ${offset}` : ''} must be a port, 1 to 65535, not ${text}`)
    return number
  }
  const host = (variable: string): string => {
    settled.add(variable)
    return environment[variable] || LOOPBACK
  }

  const count = /^\d{1,3}$/.test(flags.nodes) ? Number(flags.nodes) : NaN
  if (!(count >= 1 && count <= MAX_NODES)) problems.push(`--nodes takes a number from 1 to ${MAX_NODES}`)
  const { bind } = flags
  if (bind !== undefined && (!isIPv4(bind) || bind === '0.0.0.0')) problems.push('--bind takes one IPv4 address of this machine')
  const network = environment.SPILLWAY_NODE_NETWORK || '127.0.1'
  if (!isIPv4(`${network}.1`)) problems.push(`SPILLWAY_NODE_NETWORK takes the first three numbers of an IPv4 address, such as 127.0.1, not ${network}`)
  if (count > 1) {
    if (bind !== undefined) problems.push(`--bind gives one node its address, --nodes ${count} needs ${count} of them: take --bind without --nodes, or --nodes with SPILLWAY_NODE_NETWORK (nodes get .1, .2 and so on in it)`)
    for (const name of OF_ONE_NODE) if (environment[name]) problems.push(`${name} fits one node only: unset it, or take --nodes 1`)
  }

  const centralRedisAddress = environment.SPILLWAY_CENTRAL_REDIS_ADDRESS || undefined
  if (centralRedisAddress !== undefined && (!isIPv4(centralRedisAddress) || centralRedisAddress === '0.0.0.0')) problems.push('SPILLWAY_CENTRAL_REDIS_ADDRESS takes one IPv4 address of this machine')
  const coturnPort = port('SPILLWAY_COTURN_PORT', 3478)
  const describeNode = (index: number): NodeSettings => {
    const relayIp = bind ?? (environment.SPILLWAY_NODE_RELAY_IP || `${network}.${index + 1}`)
    return {
      id: `node-${index + 1}`,
      relayIp,
      redisPort: port('SPILLWAY_NODE_REDIS_PORT', 16380, index),
      cliPort: port('SPILLWAY_COTURN_CLI_PORT', 5766, index),
      agentOps: { host: host('SPILLWAY_RELAY_AGENT_HOST'), port: port('SPILLWAY_RELAY_AGENT_OPS_PORT', 8084, index) }
    }
  }
  const settings: Settings = {
    detach: flags.detach,
    stateFolder: stateFolderOf(environment, repository),
    centralRedisPort: port('SPILLWAY_CENTRAL_REDIS_PORT', 16379),
    centralRedisAddress,
    api: { host: bind ?? host('SPILLWAY_CONTROL_PLANE_HOST'), port: port('SPILLWAY_CONTROL_PLANE_PORT', 8080) },
    controlPlaneOps: { host: host('SPILLWAY_CONTROL_PLANE_OPS_HOST'), port: port('SPILLWAY_CONTROL_PLANE_OPS_PORT', 8081) },
    ledgerOps: { host: host('SPILLWAY_LEDGER_HOST'), port: port('SPILLWAY_LEDGER_OPS_PORT', 8082) },
    proberOps: { host: host('SPILLWAY_PROBER_HOST'), port: port('SPILLWAY_PROBER_OPS_PORT', 8083) },
    coturnPort,
    coturnTlsPort: environment.SPILLWAY_COTURN_TLS_CERT ? port('SPILLWAY_COTURN_TLS_PORT', 5349) : undefined,
    nodes: Array.from({ length: count >= 1 && count <= MAX_NODES ? count : 0 }, (_, index) => describeNode(index)),
    fakes: flags.fakeProviders ? { cloudflarePort: port('SPILLWAY_FAKE_CLOUDFLARE_PORT', 8090), twilioPort: port('SPILLWAY_FAKE_TWILIO_PORT', 8091) } : undefined,
    callersOwn: pickCallersOwn(environment, settled)
  }
  if (problems.length > 0) throw new OperatorError(`${command}: ${[...new Set(problems)].join(`\n${command}: `)}`, 2)
  return settings
}

/** The words of the command line. @throws OperatorError for one that is none */
export function readFlags (args: readonly string[]): { detach: boolean, nodes: string, bind: string | undefined, fakeProviders: boolean } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        native: { type: 'boolean' },
        detach: { type: 'boolean', default: false },
        nodes: { type: 'string', default: '1' },
        bind: { type: 'string' },
        'fake-providers': { type: 'boolean', default: false }
      }
    })
    return { detach: values.detach, nodes: values.nodes, bind: values.bind, fakeProviders: values['fake-providers'] }
  } catch (error) {
    throw new OperatorError(`up: ${(error as Error).message}\nTry ./scripts/up --help.`, 2)
  }
}

function pickCallersOwn (environment: Environment, settled: ReadonlySet<string>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).flatMap(([name, value]) =>
    value && /^(SPILLWAY|TWILIO|CLOUDFLARE)_/.test(name) && !NOT_PASSED_ON.test(name) && !settled.has(name) ? [[name, value]] : []))
}
