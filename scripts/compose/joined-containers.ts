import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { settingsOfJoined } from '../native/joined-node.ts'
import { nodeAcl, keepNodeSecrets } from '../native/make-state.ts'
import { FOR_AGENT, FOR_COTURN, nodeEnvironment } from '../native/node-parts.ts'
import { withOwn } from '../native/part.ts'
import { saying } from '../native/say.ts'
import { tlsSettings, withSettings } from './container-files.ts'
import { createEngine } from './engine.ts'
import { addToEnvFile, envFileOf } from './environment.ts'
import { startServices, untilHealthy } from './start-services.ts'
import { giveFolder, OWN_UID, writeContainerFiles } from './write-container-files.ts'
import type { ContainerInput } from './container-files.ts'
import type { JoinedNode } from '../native/joined-node.ts'
import type { Paths } from '../native/paths.ts'
import type { NodeSettings, Settings } from '../native/settings.ts'

/** Runs the node this machine is as containers of infra/node/docker-compose.yml; resolves when all are healthy. */
export async function startContainers (joined: JoinedNode, settings: Settings, own: NodeSettings, paths: Paths, repository: string): Promise<void> {
  const folder = join(repository, 'infra/node')
  const uid = Number(process.env.SPILLWAY_UID || process.getuid?.() || OWN_UID)
  const tlsFolder = resolve(process.env.SPILLWAY_TLS_DIR || paths.tls)
  const settled = {
    SPILLWAY_UID: String(uid),
    SPILLWAY_STATE_DIR: paths.state,
    SPILLWAY_NODE_REDIS_PORT: String(own.redisPort),
    SPILLWAY_RELAY_AGENT_OPS_PORT: String(own.agentOps.port)
  }
  addToEnvFile(envFileOf(process.env, folder), settled)
  writeContainerFiles(paths.compose, joinedContainerFiles(joined, settings, own, paths, { repository, tlsFolder }), uid)
  if (tlsFolder === paths.tls) giveFolder(uid, tlsFolder)

  const engine = createEngine(folder, { ...process.env, ...settled })
  saying('image', 'is being built, where it changed')
  await engine.compose('build', '--quiet')
  await startServices(engine, [])
  await untilHealthy(engine, new AbortController().signal)
  for (const { Service, Name, Health } of await engine.containers()) if (Health) saying(Service, `${Health}, ${Name}`)
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
    'node-redis': { files: { 'users.acl': nodeAcl(secrets, repository) + readFileSync(join(repository, 'infra/redis/health.acl'), 'utf8') }, environment: {} },
    'relay-agent': withSettings(withOwn(callersOwn, FOR_AGENT, ofAgent), {
      'node-key': readFileSync(files.key, 'utf8'),
      'cli-password': secrets.cli,
      'node-redis-url': readFileSync(files.redisUrl, 'utf8'),
      'central-redis-url': readFileSync(files.centralUrl, 'utf8')
    }),
    coturn: { environment: withOwn(callersOwn, FOR_COTURN, { ...ofNode, ...tlsKey === undefined ? {} : { SPILLWAY_COTURN_TLS_KEY: tlsKey } }), files: { 'redis-password': secrets.coturn, 'cli-password': secrets.cli } }
  }
}
