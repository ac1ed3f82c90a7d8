import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OperatorError } from './operator-error.ts'
import { readSecret, writePrivate, writeSecretOnce } from './private-files.ts'
import type { Paths } from './paths.ts'
import type { Settings } from './settings.ts'

function keepSecret (file: string, make: () => string): string {
  const kept = readSecret(file)
  if (kept !== undefined) return kept
  const secret = make()
  writeSecretOnce(file, secret)
  return secret
}

/** Hexadecimal stands unquoted in URLs, Redis ACLs and coturn's one-line options, and never begins with a dash. */
const password = (): string => randomBytes(24).toString('hex')
const key = (bytes: number) => (): string => randomBytes(bytes).toString('base64url')

/** Folders, the secrets that are missing, and the configuration files made of both. Secrets that are there stay. */
export function makeState (settings: Settings, paths: Paths, repository: string): void {
  for (const folder of [paths.state, paths.run, paths.log, paths.redisData]) makeFolder(folder)
  keepSecret(paths.masterKey, key(48))
  keepSecret(paths.adminToken, key(32))
  const central = keepSecret(paths.redisPassword, password)
  const { centralRedisPort: port } = settings
  writePrivate(paths.redisUrl, `redis://:${central}@127.0.0.1:${port}`)
  const controlPlane = keepSecret(paths.controlPlanePassword, password)
  writePrivate(paths.controlPlaneRedisUrl, `redis://control-plane:${controlPlane}@127.0.0.1:${port}`)
  const prober = keepSecret(paths.proberPassword, password)
  writePrivate(paths.proberRedisUrl, `redis://prober:${prober}@127.0.0.1:${port}`)
  writePrivate(paths.redisConf, redisConf(join(repository, 'infra/redis/central.conf'), { port, data: paths.redisData, access: `aclfile "${paths.redisAcl}"` }))
  for (const node of settings.nodes) {
    makeNodeState(node.id, node.redisPort, paths, repository)
    const { centralPassword, centralUrl } = paths.node(node.id)
    writePrivate(centralUrl, `redis://relay-${node.id}:${keepSecret(centralPassword, password)}@127.0.0.1:${port}`)
  }
  writePrivate(paths.redisAcl, centralAcl({ central, controlPlane, prober }, paths, repository))
}

/** Ledger and control plane own the central Redis, which lets the latter make users too; the prober, and each node that was ever made here get their own few keys. */
function centralAcl ({ central, controlPlane, prober }: { central: string, controlPlane: string, prober: string }, paths: Paths, repository: string): string {
  const template = (name: string): string => readFileSync(join(repository, 'infra/redis', name), 'utf8')
  const nodes = readdirSync(paths.nodes).flatMap((id) => {
    const own = readSecret(paths.node(id).centralPassword)
    return own === undefined ? [] : [template('central-node.acl.template').replaceAll('@NODE@', id).replaceAll('@PASSWORD_SHA256@', sha256(own))]
  })
  return [
    template('central.acl.template').replaceAll('@PASSWORD_SHA256@', sha256(central)),
    template('central-control-plane.acl.template').replaceAll('@PASSWORD_SHA256@', sha256(controlPlane)),
    template('central-prober.acl.template').replaceAll('@PASSWORD_SHA256@', sha256(prober)),
    ...nodes
  ].join('')
}

function makeNodeState (id: string, port: number, paths: Paths, repository: string): void {
  const files = paths.node(id)
  for (const folder of [files.folder, files.redisData, files.coturnRun]) makeFolder(folder)
  const agent = keepSecret(files.agentPassword, password)
  const coturn = keepSecret(files.coturnPassword, password)
  keepSecret(files.cliPassword, password)
  const template = readFileSync(join(repository, 'infra/redis/node.acl.template'), 'utf8')
  writePrivate(files.redisAcl, template.replaceAll('@COTURN_PASSWORD_SHA256@', sha256(coturn)).replaceAll('@AGENT_PASSWORD_SHA256@', sha256(agent)))
  writePrivate(files.redisUrl, `redis://agent:${agent}@127.0.0.1:${port}`)
  writePrivate(files.redisConf, redisConf(join(repository, 'infra/redis/node.conf'), { port, data: files.redisData, access: `aclfile "${files.redisAcl}"` }))
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

function redisConf (base: string, { port, data, access }: { port: number, data: string, access: string }): string {
  return `include "${base}"\nbind 127.0.0.1\nport ${port}\ndir "${data}"\ndaemonize no\n${access}\n`
}

function makeFolder (folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
    chmodSync(folder, 0o700)
  } catch (error) {
    throw new OperatorError(`${folder} cannot be used: ${(error as Error).message}. SPILLWAY_STATE_DIR names another state folder.`)
  }
}
