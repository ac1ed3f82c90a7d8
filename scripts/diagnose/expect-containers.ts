import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describeJoined, readJoined, settingsOfJoined } from '../native/joined-node.ts'
import { readSettings } from '../native/settings.ts'
import { describeStack } from '../native/stack.ts'
import { checkContainers } from './check-containers.ts'
import { checkCoturnVersion, checkFileLimit } from './check-machine.ts'
import { isPublic, maxAllocations } from './expect-processes.ts'
import type { Containers } from '../compose/open-containers.ts'
import type { Engine } from '../compose/engine.ts'
import type { Expected } from './examine-stack.ts'
import type { Look } from './finding.ts'
import type { Part } from '../native/part.ts'
import type { Paths } from '../native/paths.ts'
import type { Environment, NodeSettings, Settings } from '../native/settings.ts'

/** As docker-compose.yml has it: of the network of the containers, where the agent of the centre's own relay listens. */
const GATEWAY = '172.29.84.1'

/** The containers there should be: of a centre with its one relay, or of the node that joined. */
export function expectContainers ({ engine, environment }: Containers, paths: Paths, repository: string): Expected {
  const joined = readJoined(paths)
  const settings = readSettings([], joined ? environment : { ...environment, SPILLWAY_RELAY_AGENT_HOST: environment.SPILLWAY_GATEWAY || GATEWAY }, repository, 'doctor')
  if (joined === undefined) return expectServices(engine, partsOf(settings, repository), settings.nodes, settings, environment, paths)
  const nodes = settings.nodes.map(node => ({ ...node, id: joined.node, relayIp: joined.relayIp }))
  const parts = nodes.flatMap(own => describeJoined(joined, settings, own, paths, repository))
  return expectServices(engine, parts, nodes, { ...settings, callersOwn: settingsOfJoined(joined, settings) }, environment, paths)
}

/** What is known of services from the processes they are elsewhere. On loopback their Redis speaks no TLS; the proxy has the ports of the control plane. */
function partsOf (settings: Settings, repository: string): Part[] {
  const { shared, nodes } = describeStack({ ...settings, centralRedisAddress: undefined }, repository)
  return [...shared, ...nodes.flatMap(({ parts }) => parts)].map(part => part.name === 'control-plane' ? { ...part, name: 'proxy' } : part)
}

function expectServices (engine: Engine, parts: readonly Part[], nodes: NodeSettings[], settings: Settings, environment: Environment, paths: Paths): Expected {
  const tls = resolve(environment.SPILLWAY_TLS_DIR || paths.tls)
  const certificate = { cert: join(tls, 'cert.pem'), key: join(tls, 'key.pem') }
  const host = settings.centralRedisAddress
  return {
    settings,
    nodes,
    looks: [
      ['containers', async () => await checkContainers(engine, parts, existsSync(paths.joined) ? './scripts/join' : './scripts/up')],
      ...nodes.map(({ id }): [string, Look] => [`file-limit ${id}`, async () => await inCoturn(engine, ['cat', '/proc/1/limits'], limits => checkFileLimit(id, limits, maxAllocations(settings), 'SPILLWAY_NOFILE in .env'))]),
      ['coturn-version', async () => await inCoturn(engine, ['turnserver', '--version'], said => checkCoturnVersion(said, isPublic(nodes)))]
    ],
    certificate: existsSync(certificate.cert) ? certificate : undefined,
    centralTls: host === undefined ? undefined : { address: { host, port: settings.centralRedisPort }, todo: './scripts/up, then docker compose restart redis' }
  }
}

/** Where coturn does not run, or no engine answers, that is a finding of its own, and nothing can be asked in there. */
async function inCoturn<Result> (engine: Engine, command: string[], then: (said: string) => Result[]): Promise<Result[]> {
  const runs = await engine.containers().then(all => all.some(({ Service, State }) => Service === 'coturn' && State === 'running'), () => false)
  return runs ? then(await engine.compose('exec', '-T', 'coturn', ...command)) : []
}
