import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OperatorError } from './operator-error.ts'
import { readSecret, writePrivate, writeSecretOnce } from './private-files.ts'
import type { Paths } from './paths.ts'
import type { NodeSettings, Settings } from './settings.ts'

/** The secret of a file, made if there is none. */
export function keepSecret (file: string, make: () => string): string {
  const kept = readSecret(file)
  if (kept !== undefined) return kept
  const secret = make()
  writeSecretOnce(file, secret)
  return secret
}

/** Hexadecimal stands unquoted in URLs, Redis ACLs and coturn's one-line options, and never begins with a dash. */
export const newPassword = (): string => randomBytes(24).toString('hex')
const newKey = (bytes: number) => (): string => randomBytes(bytes).toString('base64url')

/** The secrets of the centre; those that are there stay. */
export function keepCentralSecrets (paths: Paths) {
  makeFolder(paths.state)
  return {
    masterKey: keepSecret(paths.masterKey, newKey(48)),
    adminToken: keepSecret(paths.adminToken, newKey(32)),
    central: keepSecret(paths.redisPassword, newPassword),
    prober: keepSecret(paths.proberPassword, newPassword)
  }
}

/** The secrets of a node, its key excepted, which the control plane answers; those that are there stay. */
export function keepNodeSecrets (id: string, paths: Paths) {
  const files = paths.node(id)
  makeFolder(files.folder)
  return {
    agent: keepSecret(files.agentPassword, newPassword),
    coturn: keepSecret(files.coturnPassword, newPassword),
    cli: keepSecret(files.cliPassword, newPassword),
    central: keepSecret(files.centralPassword, newPassword)
  }
}

/** Folders, the secrets that are missing, and the configuration files made of both. Secrets that are there stay. */
export function makeState (settings: Settings, paths: Paths, repository: string): void {
  for (const folder of [paths.state, paths.run, paths.log, paths.redisData]) makeFolder(folder)
  const { central, prober } = keepCentralSecrets(paths)
  const { centralRedisPort: port } = settings
  writePrivate(paths.redisUrl, `redis://:${central}@127.0.0.1:${port}`)
  writePrivate(paths.proberRedisUrl, `redis://prober:${prober}@127.0.0.1:${port}`)
  writePrivate(paths.redisConf, redisConf(join(repository, 'infra/redis/central.conf'), { port, data: paths.redisData, access: `aclfile "${paths.redisAcl}"` }))
  for (const node of settings.nodes) makeNodeState(node, port, paths, repository)
  writePrivate(paths.redisAcl, centralAcl({ central, prober }, paths, repository))
}

/** Control plane and ledger own the central Redis; the prober, and each node that was ever made here gets its own few keys. */
export function centralAcl ({ central, prober }: { central: string, prober: string }, paths: Paths, repository: string): string {
  const template = (name: string): string => readFileSync(join(repository, 'infra/redis', name), 'utf8')
  const nodes = readdirSync(paths.nodes).flatMap((id) => {
    const own = readSecret(paths.node(id).centralPassword)
    return own === undefined ? [] : [template('central-node.acl.template').replaceAll('@NODE@', id).replaceAll('@PASSWORD_SHA256@', sha256(own))]
  })
  return [
    template('central.acl.template').replaceAll('@PASSWORD_SHA256@', sha256(central)),
    template('central-prober.acl.template').replaceAll('@PASSWORD_SHA256@', sha256(prober)),
    ...nodes
  ].join('')
}

/** The users of a node's Redis: coturn and the agent. */
export function nodeAcl ({ coturn, agent }: { coturn: string, agent: string }, repository: string): string {
  const template = readFileSync(join(repository, 'infra/redis/node.acl.template'), 'utf8')
  return template.replaceAll('@COTURN_PASSWORD_SHA256@', sha256(coturn)).replaceAll('@AGENT_PASSWORD_SHA256@', sha256(agent))
}

function makeNodeState ({ id, redisPort: port }: NodeSettings, centralPort: number, paths: Paths, repository: string): void {
  const files = paths.node(id)
  const secrets = keepNodeSecrets(id, paths)
  for (const folder of [files.redisData, files.coturnRun]) makeFolder(folder)
  writePrivate(files.centralUrl, `redis://relay-${id}:${secrets.central}@127.0.0.1:${centralPort}`)
  writePrivate(files.redisAcl, nodeAcl(secrets, repository))
  writePrivate(files.redisUrl, `redis://agent:${secrets.agent}@127.0.0.1:${port}`)
  writePrivate(files.redisConf, redisConf(join(repository, 'infra/redis/node.conf'), { port, data: files.redisData, access: `aclfile "${files.redisAcl}"` }))
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

function redisConf (base: string, { port, data, access }: { port: number, data: string, access: string }): string {
  return `include "${base}"\nbind 127.0.0.1\nport ${port}\ndir "${data}"\ndaemonize no\n${access}\n`
}

/** For its owner alone. @throws OperatorError */
export function makeFolder (folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
    chmodSync(folder, 0o700)
  } catch (error) {
    throw new OperatorError(`${folder} cannot be used: ${(error as Error).message}. SPILLWAY_STATE_DIR names another state folder.`)
  }
}
