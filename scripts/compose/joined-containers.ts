import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { settingsOfJoined } from '../native/joined-node.ts'
import { nodeAcl, keepNodeSecrets } from '../native/make-state.ts'
import { FOR_AGENT, nodeEnvironment } from '../native/node-parts.ts'
import { withOwn } from '../native/part.ts'
import { OperatorError } from '../native/operator-error.ts'
import { saying } from '../native/say.ts'
import { coturnInput, tlsSettings, withSettings } from './container-files.ts'
import { createEngine } from './engine.ts'
import { addToEnvFile } from './environment.ts'
import { prepareImage } from './prepare-image.ts'
import { startServices, untilHealthy } from './start-services.ts'
import { giveFolder, OWN_UID, writeContainerFiles } from './write-container-files.ts'
import type { ContainerInput } from './container-files.ts'
import type { JoinedNode } from '../native/joined-node.ts'
import type { Paths } from '../native/paths.ts'
import type { Environment, NodeSettings, Settings } from '../native/settings.ts'

/** What the machine itself is told: its environment with the file Compose takes settings from, and that file. */
export interface Told { environment: Environment, envFile: string }

/** @throws OperatorError for what containers cannot be given */
export function readContainerSettings (environment: Environment, paths: Paths): { uid: number, tlsFolder: string } {
  const uid = Number(environment.SPILLWAY_UID || process.getuid?.() || OWN_UID)
  if (!Number.isInteger(uid) || uid < 1) throw new OperatorError('join: SPILLWAY_UID takes the number of a user that is not root', 2)
  if (environment.SPILLWAY_COTURN_TLS_CERT) throw new OperatorError(`join: containers take the certificate from a folder: put cert.pem and key.pem into ${paths.tls}, or SPILLWAY_TLS_DIR, and unset SPILLWAY_COTURN_TLS_CERT`, 2)
  return { uid, tlsFolder: resolve(environment.SPILLWAY_TLS_DIR || paths.tls) }
}

/** Runs the node this machine is as containers of infra/node/docker-compose.yml; resolves when all are healthy. */
export async function startContainers (joined: JoinedNode, settings: Settings, own: NodeSettings, paths: Paths, repository: string, { environment, envFile }: Told): Promise<void> {
  const folder = join(repository, 'infra/node')
  const { uid, tlsFolder } = readContainerSettings(environment, paths)
  const settled = {
    SPILLWAY_UID: String(uid),
    SPILLWAY_STATE_DIR: paths.state,
    SPILLWAY_NODE_REDIS_PORT: String(own.redisPort),
    SPILLWAY_RELAY_AGENT_OPS_PORT: String(own.agentOps.port)
  }
  addToEnvFile(envFile, settled)
  writeContainerFiles(paths.compose, joinedContainerFiles(joined, settings, own, paths, { repository, tlsFolder }), uid)
  if (tlsFolder === paths.tls) giveFolder(uid, tlsFolder)

  const engine = createEngine(folder, { ...process.env, ...settled })
  await prepareImage(engine, 'relay-agent', environment, repository)
  await startServices(engine, [])
  await untilHealthy(engine, new AbortController().signal, saying)
}

function joinedContainerFiles (joined: JoinedNode, settings: Settings, own: NodeSettings, paths: Paths, { repository, tlsFolder }: { repository: string, tlsFolder: string }): Record<string, ContainerInput> {
  const { node } = joined
  const files = paths.node(node)
  const secrets = keepNodeSecrets(node, paths)
  const callersOwn = settingsOfJoined(joined, settings)
  const { SPILLWAY_COTURN_TLS_KEY: tlsKey, ...ofNode } = { ...nodeEnvironment({ ...own, id: node, relayIp: joined.relayIp }, settings), ...tlsSettings(tlsFolder) }
  const ofAgent = {
    ...ofNode,
    SPILLWAY_RELAY_AGENT_OPS_PORT: String(own.agentOps.port),
    ...existsSync(files.centralCa) ? { SPILLWAY_REDIS_TLS_CA: files.centralCa } : {}
  }
  return {
    'node-redis': { files: { 'users.acl': nodeAcl(secrets, repository), 'redis-password': secrets.coturn }, environment: {} },
    'relay-agent': withSettings(withOwn(callersOwn, FOR_AGENT, ofAgent), {
      'node-key': readFileSync(files.key, 'utf8'),
      'cli-password': secrets.cli,
      'node-redis-url': readFileSync(files.redisUrl, 'utf8'),
      'central-redis-url': readFileSync(files.centralUrl, 'utf8')
    }),
    coturn: coturnInput(callersOwn, ofNode, tlsKey, secrets)
  }
}
