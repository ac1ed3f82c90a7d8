import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { OperatorError } from './operator-error.ts'
import { readSecret, writePrivate, writeSecretOnce } from './private-files.ts'
import type { Paths } from './paths.ts'
import type { Settings } from './settings.ts'

/** Mode bit of /tmp and its like. */
const STICKY = 0o1000

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
  makeOwnFolder(paths.state)
  return {
    masterKey: keepSecret(paths.masterKey, newKey(48)),
    adminToken: keepSecret(paths.adminToken, newKey(32)),
    central: keepSecret(paths.redisPassword, newPassword),
    controlPlane: keepSecret(paths.controlPlanePassword, newPassword),
    prober: keepSecret(paths.proberPassword, newPassword),
    backup: keepSecret(paths.backupPassword, newPassword)
  }
}

type CentralSecrets = ReturnType<typeof keepCentralSecrets>

/** The secrets of a node, its key excepted, which the control plane answers; those that are there stay. */
export function keepNodeSecrets (id: string, paths: Paths) {
  const files = paths.node(id)
  makeOwnFolder(files.folder)
  return {
    agent: keepSecret(files.agentPassword, newPassword),
    coturn: keepSecret(files.coturnPassword, newPassword),
    cli: keepSecret(files.cliPassword, newPassword)
  }
}

/** Folders, the secrets that are missing, and the configuration files made of both. Secrets that are there stay. */
export function makeState (settings: Settings, paths: Paths, repository: string): void {
  for (const folder of [paths.state, paths.run, paths.log, paths.redisData]) makeOwnFolder(folder)
  const secrets = keepCentralSecrets(paths)
  const { central, controlPlane, prober } = secrets
  const { centralRedisPort: port, centralRedisAddress: address } = settings
  const at = (login: string, password: string): string => `${address === undefined ? 'redis' : 'rediss'}://${login}:${password}@127.0.0.1:${port}`
  writePrivate(paths.redisUrl, at('', central))
  writePrivate(paths.controlPlaneRedisUrl, at('control-plane', controlPlane))
  writePrivate(paths.proberRedisUrl, at('prober', prober))
  writePrivate(paths.redisConf, redisConf(join(repository, 'infra/redis/central.conf'), { data: paths.redisData, aclFile: paths.redisAcl, listen: address === undefined ? listenOnLoopback(port) : listenWithTls(port, address, paths) }))
  if (address !== undefined) makeTls(settings, address, paths, repository)
  for (const node of settings.nodes) {
    makeNodeState(node.id, node.redisPort, paths, repository)
    writePrivate(paths.node(node.id).centralUrl, at(`relay-${node.id}`, keepSecret(paths.node(node.id).centralPassword, newPassword)))
  }
  writePrivate(paths.redisAcl, centralAcl(secrets, paths, repository))
}

/** Ledger and control plane own the central Redis, which lets the latter make users too; the prober, and each node that was ever made here get their own few keys. */
export function centralAcl ({ central, controlPlane, prober, backup }: Omit<CentralSecrets, 'masterKey' | 'adminToken'>, paths: Paths, repository: string): string {
  const template = (name: string): string => readFileSync(join(repository, 'infra/redis', name), 'utf8')
  const nodes = readdirSync(paths.nodes).flatMap((id) => {
    const own = readSecret(paths.node(id).centralPassword)
    return own === undefined ? [] : [template('central-node.acl.template').replaceAll('@NODE@', id).replaceAll('@PASSWORD_SHA256@', sha256(own))]
  })
  return [
    template('central.acl.template').replaceAll('@PASSWORD_SHA256@', sha256(central)),
    template('central-control-plane.acl.template').replaceAll('@PASSWORD_SHA256@', sha256(controlPlane)),
    template('central-prober.acl.template').replaceAll('@PASSWORD_SHA256@', sha256(prober)),
    template('central-backup.acl.template').replaceAll('@PASSWORD_SHA256@', sha256(backup)),
    ...nodes
  ].join('')
}

/** The users of a node's Redis: coturn and the agent. */
export function nodeAcl ({ coturn, agent }: { coturn: string, agent: string }, repository: string): string {
  const template = readFileSync(join(repository, 'infra/redis/node.acl.template'), 'utf8')
  return template.replaceAll('@COTURN_PASSWORD_SHA256@', sha256(coturn)).replaceAll('@AGENT_PASSWORD_SHA256@', sha256(agent))
}

/** Folder, passwords and Redis configuration of a node; its key comes from the control plane. */
export function makeNodeState (id: string, port: number, paths: Paths, repository: string): void {
  const files = paths.node(id)
  const secrets = keepNodeSecrets(id, paths)
  for (const folder of [files.redisData, files.coturnRun]) makeOwnFolder(folder)
  writePrivate(files.redisAcl, nodeAcl(secrets, repository))
  writePrivate(files.redisUrl, `redis://agent:${secrets.agent}@127.0.0.1:${port}`)
  writePrivate(files.redisConf, redisConf(join(repository, 'infra/redis/node.conf'), { data: files.redisData, aclFile: files.redisAcl, listen: listenOnLoopback(port) }))
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const listenOnLoopback = (port: number): string => `bind 127.0.0.1\nport ${port}`

/** No port without TLS: it would listen on the same addresses. Who connects shows a password, no certificate. */
const listenWithTls = (port: number, address: string, { redisTls: { ca, cert, key } }: Paths): string =>
  `bind 127.0.0.1 ${address}\nport 0\ntls-port ${port}\ntls-auth-clients no\ntls-protocols "TLSv1.2 TLSv1.3"\ntls-ca-cert-file "${ca}"\ntls-cert-file "${cert}"\ntls-key-file "${key}"`

function redisConf (base: string, { data, listen, aclFile }: { data: string, listen: string, aclFile: string }): string {
  return `include "${base}"\n${listen}\ndir "${data}"\ndaemonize no\naclfile "${aclFile}"\n`
}

/** The certificate names every way the central Redis is reached. */
export function makeTls ({ callersOwn: { SPILLWAY_JOIN_REDIS_URL: url } }: Settings, address: string, { redisTls }: Paths, repository: string): void {
  const named = url !== undefined && URL.canParse(url) ? [new URL(url).hostname] : []
  const { status, stderr, error } = spawnSync(join(repository, 'infra/redis/make-tls'), [redisTls.folder, ...new Set(['127.0.0.1', address, ...named])], { encoding: 'utf8' })
  if (status !== 0) throw new OperatorError(`no certificate for the central Redis: ${error?.message ?? stderr.trim()}`)
}

/** For its owner alone where it is new; one that is there belongs to whoever made it, and stays as it is. @throws OperatorError */
export function makeFolder (folder: string): void {
  make(folder, () => { mkdirSync(folder, { recursive: true, mode: 0o700 }) })
}

/** The state folder or one in it: for its owner alone, however it was made. @throws OperatorError */
export function makeOwnFolder (folder: string): void {
  make(folder, () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    if (statSync(folder).mode & STICKY) throw new Error('everybody\'s files lie there')
    chmodSync(folder, 0o700)
  })
}

function make (folder: string, how: () => void): void {
  try {
    how()
  } catch (error) {
    throw new OperatorError(`${folder} cannot be used: ${(error as Error).message}. SPILLWAY_STATE_DIR names another state folder.`)
  }
}
