import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createAdminApi } from '../native/admin-api.ts'
import { describeJoined, readJoined } from '../native/joined-node.ts'
import { urlOf } from '../native/part.ts'
import { readSecret } from '../native/private-files.ts'
import { findTurnserver, readRecord } from '../native/process-record.ts'
import { readSettings } from '../native/settings.ts'
import { describeStack } from '../native/stack.ts'
import { checkCertificate } from './check-certificate.ts'
import { checkAddress, checkCoturnVersion, checkFileLimit, checkUdpBuffers, isLoopback } from './check-machine.ts'
import { checkParts } from './check-parts.ts'
import { checkClocks, checkNames, checkUrls } from './check-relays.ts'
import { fail, lookAt, ok } from './finding.ts'
import { parseTurnUrl } from '../../services/turn/turn-url.ts'
import type { FleetNode } from './check-relays.ts'
import type { Finding } from './finding.ts'
import type { Part } from '../native/part.ts'
import type { Paths } from '../native/paths.ts'
import type { Environment, NodeSettings, Settings } from '../native/settings.ts'

/** What coturn is given by launch where nothing is set. */
const MAX_ALLOCATIONS = 4_000

/** What there should be. */
export interface Expected { settings: Settings, parts: Part[], nodes: NodeSettings[] }

/** The processes there should be: of a centre with all nodes that were ever made in its folder, or of the node that joined. */
export function describeExpected (environment: Environment, paths: Paths, repository: string): Expected {
  const joined = readJoined(paths)
  const made = existsSync(paths.nodes) ? readdirSync(paths.nodes).flatMap(id => /^node-(\d+)$/.exec(id)?.[1] ?? []).map(Number) : []
  const count = joined || environment.SPILLWAY_NODE_RELAY_IP ? 1 : Math.max(1, ...made)
  const settings = readSettings(['--nodes', String(count)], environment, repository, 'doctor')
  if (joined === undefined) return expectStack({ ...settings, api: { ...settings.api, host: boundBy('control-plane', 'tcp', paths) ?? settings.api.host }, nodes: settings.nodes.map(node => ({ ...node, relayIp: boundBy(`${node.id}-coturn`, 'udp', paths) ?? node.relayIp })) }, repository)
  const nodes = settings.nodes.map(node => ({ ...node, id: joined.node, relayIp: joined.relayIp }))
  return { settings, nodes, parts: nodes.flatMap(own => describeJoined(joined, settings, own, paths, repository)) }
}

/** The address a part was started on: `up --bind` says it once. */
const boundBy = (part: string, protocol: string, paths: Paths): string | undefined =>
  new RegExp(`^${protocol} (.+?):\\d+(,|$)`).exec(readRecord(paths, part)?.listens ?? '')?.[1]

/** A centre with the nodes of these settings. */
export function expectStack (settings: Settings, repository: string): Expected {
  const { shared, nodes } = describeStack(settings, repository)
  return { settings, nodes: settings.nodes, parts: [...shared, ...nodes.flatMap(({ parts }) => parts)] }
}

/** Looks at everything that keeps calls from being relayed, and at what will. Asks, and changes nothing but an allocation that it ends. */
export async function examineStack ({ settings, parts, nodes }: Expected, paths: Paths): Promise<Finding[]> {
  const own = settings.callersOwn
  const look = async (check: string, of: () => Promise<Finding[]> | Finding[]) => await lookAt(check, of)
  const fleet = existsSync(paths.joined) ? ownUrls(nodes, settings) : await readFleet(settings, paths)
  const certificate = own.SPILLWAY_COTURN_TLS_CERT
  const hosts = [...new Set(fleet.nodes.flatMap(({ observed }) => observed?.urls ?? []).filter(url => url.startsWith('turns:')).flatMap(url => parseTurnUrl(url)?.host ?? []))]
  const ca = own.SPILLWAY_PROBER_TLS_CA === undefined ? undefined : readFileSync(own.SPILLWAY_PROBER_TLS_CA, 'utf8')

  const looks = [
    look('processes', async () => await checkParts(parts, paths)),
    ...nodes.map(async node => await look(`address ${node.id}`, () => checkAddress(node.id, node.relayIp, own.SPILLWAY_NODE_EXTERNAL_IP))),
    look('udp-buffers', checkUdpBuffers),
    ...nodes.map(async ({ id }) => await look(`file-limit ${id}`, () => checkFileLimit(id, findTurnserver(paths.node(id).coturnRun)?.pid, Number(own.SPILLWAY_NODE_MAX_ALLOCATIONS ?? MAX_ALLOCATIONS)))),
    look('coturn-version', () => checkCoturnVersion(nodes.some(({ relayIp }) => !isLoopback(relayIp)))),
    ...certificate === undefined ? [] : [look('certificate', () => checkCertificate('certificate', { cert: certificate, key: own.SPILLWAY_COTURN_TLS_KEY ?? certificate }, hosts, Date.now()))],
    ...settings.centralRedisAddress === undefined || !existsSync(paths.redisTls.cert) ? [] : [look('redis-certificate', () => checkCertificate('redis-certificate', paths.redisTls, [settings.centralRedisAddress ?? ''], Date.now()))],
    look('control-plane', () => fleet.findings),
    look('clock', () => checkClocks(fleet.nodes)),
    ...fleet.nodes.map(async node => await look(`dns ${node.id}`, async () => await checkNames(node))),
    ...fleet.nodes.map(async node => await look(`urls ${node.id}`, async () => await checkUrls(node, fleet.entries, ca)))
  ]
  return (await Promise.all(looks)).flat()
}

interface Fleet { nodes: FleetNode[], entries: any[], findings: Finding[] }

/** The nodes as the control plane shows them, and a credential for those it gives us. */
async function readFleet (settings: Settings, paths: Paths): Promise<Fleet> {
  const fleet: Fleet = { nodes: [], entries: [], findings: [] }
  try {
    const admin = createAdminApi(urlOf(settings.controlPlaneOps), readSecret(paths.adminToken) ?? '')
    fleet.nodes = await admin.readNodes() as unknown as FleetNode[]
    const key = readSecret(paths.demoKey)
    if (key === undefined) return fleet
    const { body, status } = await admin.issue(urlOf(settings.api), key)
    if (Array.isArray(body.iceServers)) fleet.entries = body.iceServers
    fleet.findings = [status === 201
      ? ok('credentials', `from ${String(body.provider)}`)
      : fail('credentials', `POST /v1/credentials answered ${status}: ${String(body.detail ?? '')}`, 'POST /v1/credentials/explain says why')]
  } catch (error) {
    fleet.findings = [fail('credentials', (error as Error).message, 'is the control plane up? Its own finding says more')]
  }
  return fleet
}

/** A node that joined asks nobody: it knows its own URLs, and has no key to allocate with. */
function ownUrls (nodes: readonly NodeSettings[], { coturnPort, callersOwn }: Settings): Fleet {
  const urls = callersOwn.SPILLWAY_NODE_PUBLIC_URLS?.split(',').map(url => url.trim())
  return {
    nodes: nodes.map(({ id, relayIp }) => ({ id, clockSkewMs: null, observed: { relayIps: [relayIp], urls: urls ?? [`turn:${relayIp}:${coturnPort}?transport=udp`, `turn:${relayIp}:${coturnPort}?transport=tcp`] } })),
    entries: [],
    findings: []
  }
}
