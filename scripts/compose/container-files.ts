import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fakeSettings } from '../../test/fakes/accounts.ts'
import { billedAccounts, paidProviders } from '../native/fake-providers.ts'
import { centralAcl, keepCentralSecrets, keepNodeSecrets, keepSecret, makeFolder, makeTls, newPassword, nodeAcl } from '../native/make-state.ts'
import { OperatorError } from '../native/operator-error.ts'
import { FOR_AGENT, FOR_COTURN, nodeEnvironment } from '../native/node-parts.ts'
import { withOwn } from '../native/part.ts'
import { FOR_CONTROL_PLANE, FOR_LEDGER, FOR_PROBER, joinUrl } from '../native/stack.ts'
import type { Paths } from '../native/paths.ts'
import type { Settings } from '../native/settings.ts'

/** What one container is given: files in /run/secrets, and plain settings in its environment. */
export interface ContainerInput { files: Record<string, string>, environment: Record<string, string> }

export const NODE = 'node-1'
const FAKES = fakeSettings('http://fake-providers:8090', 'http://fake-providers:8091')
/** Whoever may ask the engine reads the environment of a container, and its history; a file only the container does. */
const SECRET = /(TOKEN|SECRET|PASSWORD|KEY|_ICE_SERVERS)$/
/** Settings that name a file of this machine, which the container needs a copy of. */
const FILE = /_(FILE|CA)$/
const SECRETS = '/run/secrets'
const TLS = '/run/tls'

/** All that the containers need and docker-compose.yml does not say; makes the secrets that are missing. */
export function containerFiles (settings: Settings, paths: Paths, { repository, tlsFolder }: { repository: string, tlsFolder: string }): Record<string, ContainerInput> {
  const own = settings.callersOwn
  const secrets = keepCentralSecrets(paths)
  const { masterKey, adminToken, central, controlPlane, prober } = secrets
  const node = keepNodeSecrets(NODE, paths)
  const centralOfNode = keepSecret(paths.node(NODE).centralPassword, newPassword)
  const health = readFileSync(join(repository, 'infra/redis/health.acl'), 'utf8')
  const joinCa = settings.centralRedisAddress === undefined ? {} : { SPILLWAY_REDIS_TLS_CA: paths.redisTls.ca }
  const [relay] = settings.nodes
  if (relay === undefined) throw new OperatorError('up: a relay is needed', 2)
  const { SPILLWAY_COTURN_TLS_KEY: tlsKey, ...ofNode } = { ...nodeEnvironment(relay, settings), ...tlsSettings(tlsFolder) }
  return {
    redis: { files: { 'users.acl': centralAcl(secrets, paths, repository) + health, 'backup-password': secrets.backup, ...centralRedisFiles(settings, paths, repository) }, environment: {} },
    'node-redis': { files: { 'users.acl': nodeAcl(node, repository) + health }, environment: {} },
    'control-plane': withSettings({ ...withOwn(own, FOR_CONTROL_PLANE, joinUrl({ settings })), ...joinCa, ...settings.fakes ? FAKES : paidProviders(settings) }, { 'redis-url': `redis://control-plane:${controlPlane}@redis:6379`, 'master-key': masterKey, 'admin-token': adminToken }),
    ledger: withSettings({ ...withOwn(own, FOR_LEDGER, {}), ...settings.fakes ? FAKES : billedAccounts(settings) }, { 'redis-url': `redis://:${central}@redis:6379`, 'master-key': masterKey }),
    prober: withSettings(withOwn(own, FOR_PROBER, {}), { 'redis-url': `redis://prober:${prober}@redis:6379` }),
    'relay-agent': withSettings(withOwn(own, FOR_AGENT, { ...ofNode, SPILLWAY_RELAY_AGENT_OPS_PORT: String(relay.agentOps.port) }), {
      ...existsSync(paths.node(NODE).key) ? { 'node-key': readFileSync(paths.node(NODE).key, 'utf8') } : {},
      'cli-password': node.cli,
      'node-redis-url': `redis://agent:${node.agent}@127.0.0.1:${relay.redisPort}`,
      'central-redis-url': `redis://relay-${NODE}:${centralOfNode}@127.0.0.1:${settings.centralRedisPort}`
    }),
    coturn: { environment: withOwn(own, FOR_COTURN, { ...ofNode, ...tlsKey === undefined ? {} : { SPILLWAY_COTURN_TLS_KEY: tlsKey } }), files: { 'redis-password': node.coturn, 'cli-password': node.cli } },
    grafana: { environment: {}, files: { 'admin-password': keepSecret(paths.grafanaPassword, newPassword) } },
    'demo-load': { environment: {}, files: existsSync(paths.demoKey) ? { 'demo-key': readFileSync(paths.demoKey, 'utf8') } : {} }
  }
}

/** Plain for the containers and this machine; with TLS beside it where nodes on other machines are let in. */
function centralRedisFiles (settings: Settings, paths: Paths, repository: string): Record<string, string> {
  const conf = `include /etc/redis/central.conf\nbind 0.0.0.0\nport 6379\ndir /data\naclfile ${SECRETS}/users.acl\n`
  if (settings.centralRedisAddress === undefined) return { 'redis.conf': conf }
  makeTls(settings, settings.centralRedisAddress, paths, repository)
  const [ca = '', cert = '', key = ''] = [paths.redisTls.ca, paths.redisTls.cert, paths.redisTls.key].map(file => readFileSync(file, 'utf8'))
  const tls = `tls-port 6380\ntls-auth-clients no\ntls-protocols "TLSv1.2 TLSv1.3"\ntls-ca-cert-file ${SECRETS}/ca.pem\ntls-cert-file ${SECRETS}/cert.pem\ntls-key-file ${SECRETS}/cert.key\n`
  return { 'redis.conf': conf + tls, 'ca.pem': ca, 'cert.pem': cert, 'cert.key': key }
}

/** Settings of a process of ours: those that are secret, or do not fit on a plain line, go into files beside the others. */
export function withSettings (settings: Readonly<Record<string, string>>, files: Record<string, string>): ContainerInput {
  const input: ContainerInput = { files: { ...files }, environment: {} }
  for (const [name, value] of Object.entries(settings)) {
    const isFile = FILE.test(name)
    if (!isFile && !SECRET.test(name) && !/['\n]/.test(value)) {
      input.environment[name] = value
      continue
    }
    const file = name.toLowerCase().replace(/_file$/, '').replaceAll('_', '-')
    input.files[file] = isFile ? readSettingFile(name, value) : value
    input.environment[isFile ? name : `${name}_FILE`] = `${SECRETS}/${file}`
  }
  return input
}

function readSettingFile (name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new OperatorError(`up: ${name} names a file that cannot be read: ${(error as Error).message}`, 2)
  }
}

/** TLS where the folder has a certificate with its key, under the names they are told to have. */
export function tlsSettings (folder: string): { SPILLWAY_COTURN_TLS_CERT?: string, SPILLWAY_COTURN_TLS_KEY?: string } {
  makeFolder(folder)
  const [cert, key] = ['cert.pem', 'key.pem'].map(name => existsSync(join(folder, name)))
  if (cert !== key) throw new OperatorError(`up: ${folder} has one of cert.pem and key.pem: TLS needs both`, 2)
  return cert ? { SPILLWAY_COTURN_TLS_CERT: `${TLS}/cert.pem`, SPILLWAY_COTURN_TLS_KEY: `${TLS}/key.pem` } : {}
}
