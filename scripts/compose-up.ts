import { resolve } from 'node:path'
import { addToEnvFile, envFileOf, readEnvironment } from './compose/environment.ts'
import { containerFiles, NODE } from './compose/container-files.ts'
import { detectAddress } from './compose/detect-address.ts'
import { createEngine } from './compose/engine.ts'
import { prepareImage } from './compose/prepare-image.ts'
import { startServices, untilHealthy } from './compose/start-services.ts'
import { giveFolder, OWN_UID, writeContainerFiles } from './compose/write-container-files.ts'
import { examineStack } from './diagnose/examine-stack.ts'
import { expectContainers } from './diagnose/expect-containers.ts'
import { tellShort } from './diagnose/finding.ts'
import { abortOnSignal } from './native/abort-on-signal.ts'
import { createAdminApi } from './native/admin-api.ts'
import { OperatorError, runCommand } from './native/operator-error.ts'
import { urlOf } from './native/part.ts'
import { pathsOf } from './native/paths.ts'
import { readSecret } from './native/private-files.ts'
import { reloadUsers } from './native/probe.ts'
import { printSummary } from './native/print-summary.ts'
import { proveRelay } from './native/prove-relay.ts'
import { saying } from './native/say.ts'
import { readFlags, readSettings } from './native/settings.ts'
import type { Engine } from './compose/engine.ts'
import type { Paths } from './native/paths.ts'
import type { Settings } from './native/settings.ts'

const repository = resolve(import.meta.dirname, '..')
/** What needs the key of the node, which the others answer. */
const NODE_SERVICES = ['relay-agent', 'coturn', 'demo-load']

/** Brings the system up as containers; see ./scripts/up --help. */
await runCommand(async () => {
  process.umask(0o077)
  const args = process.argv.slice(2)
  const { settings, environment, paths, uid, engine, tlsFolder } = await prepare(args)
  const interrupt = settings.detach ? new AbortController() : abortOnSignal()

  const give = (): void => {
    writeContainerFiles(paths.compose, containerFiles(settings, paths, { repository, tlsFolder }), uid)
    if (tlsFolder === paths.tls) giveFolder(uid, tlsFolder)
  }
  try {
    give()
    await prepareImage(engine, 'control-plane', environment, repository)
    const bytes = await bringUp(engine, settings, paths, { give, signal: interrupt.signal })
    if (!settings.detach) process.stdout.write('stays in the foreground: Ctrl-C stops everything\n')
    process.stdout.write(`${tellShort(await examineStack(expectContainers({ engine, environment }, paths, repository), paths))}\n`)
    printSummary(settings, paths, bytes)
    if (settings.detach) return 0
    await new Promise(resolve => { interrupt.signal.addEventListener('abort', resolve) })
  } catch (error) {
    if (!interrupt.signal.aborted) throw error
  }
  process.stdout.write('stopping\n')
  await engine.compose('down')
  return 0
})

/** Everything that is decided before anything is started; .env holds it from now on. */
async function prepare (args: readonly string[]) {
  const envFile = envFileOf(process.env, repository)
  const environment = readEnvironment(process.env, envFile)
  const { bind } = readFlags(args)
  // names every mistake, before anybody is asked for an address
  if (readSettings(args, environment, repository).nodes.length > 1) throw new OperatorError('up: containers of this machine run one relay: infra/README.md says how another machine joins, --native runs several', 2)
  if (environment.SPILLWAY_COTURN_TLS_CERT) throw new OperatorError('up: containers take the certificate from a folder: put cert.pem and key.pem into .spillway/tls, or SPILLWAY_TLS_DIR, and unset SPILLWAY_COTURN_TLS_CERT', 2)
  const uid = Number(environment.SPILLWAY_UID ?? (process.getuid?.() || OWN_UID))
  if (!Number.isInteger(uid) || uid < 1) throw new OperatorError('up: SPILLWAY_UID takes the number of a user that is not root', 2)

  const { relayIp, externalIp, assumed } = await detectAddress(bind === undefined ? environment : { ...environment, SPILLWAY_NODE_RELAY_IP: bind })
  if (assumed !== undefined) saying('address', `assumed: ${assumed}`)
  const address = { SPILLWAY_NODE_RELAY_IP: relayIp, ...externalIp ? { SPILLWAY_NODE_EXTERNAL_IP: externalIp } : {} }
  const settings = readSettings(args, { ...environment, ...address }, repository)
  const settled = {
    SPILLWAY_UID: String(uid),
    ...address,
    ...bind ? { SPILLWAY_CONTROL_PLANE_HOST: bind } : {},
    ...settings.centralRedisAddress ? { SPILLWAY_CENTRAL_REDIS_ADDRESS: settings.centralRedisAddress } : {},
    COMPOSE_PROFILES: 'grafana'
  }
  addToEnvFile(envFile, settled)
  const profiles = [process.env.COMPOSE_PROFILES ?? environment.COMPOSE_PROFILES ?? settled.COMPOSE_PROFILES, ...settings.fakes ? ['demo'] : []]
  const engine = createEngine(repository, { ...process.env, ...bind ? { ...address, SPILLWAY_CONTROL_PLANE_HOST: bind } : {}, COMPOSE_PROFILES: profiles.filter(Boolean).join(',') })
  const paths = pathsOf(settings.stateFolder)
  return { settings, environment: { ...environment, ...address, ...bind ? { SPILLWAY_CONTROL_PLANE_HOST: bind } : {} }, paths, uid, engine, tlsFolder: resolve(environment.SPILLWAY_TLS_DIR ?? paths.tls) }
}

/** All but the node, then the node that is registered there; then real bytes through the relay, whose number is returned. */
async function bringUp (engine: Engine, settings: Settings, paths: Paths, { give, signal }: { give: () => void, signal: AbortSignal }): Promise<number> {
  const services = (await engine.compose('config', '--services')).split('\n').filter(name => name !== '' && !NODE_SERVICES.includes(name))
  saying('containers', 'are being started')
  await startServices(engine, services)
  // a Redis that ran already may not know all of its users yet
  await reloadUsers({ kind: 'redis', address: { host: '127.0.0.1', port: settings.centralRedisPort }, user: 'default', passwordFile: paths.redisPassword, caFile: undefined })

  const admin = createAdminApi(urlOf(settings.controlPlaneOps), readSecret(paths.adminToken) ?? '')
  await admin.untilAnswers()
  if (await admin.registerNode(NODE, paths.node(NODE).key)) saying(NODE, 'registered')
  give()
  await startServices(engine, [])
  await untilHealthy(engine, signal, saying)
  const bytes = await proveRelay({ admin, apiUrl: urlOf(settings.api), keyFile: paths.demoKey, nodes: [{ id: NODE }], signal })
  // the key of the demo app is there now
  give()
  return bytes
}
