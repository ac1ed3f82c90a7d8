import { existsSync, readFileSync } from 'node:fs'
import { createAdminApi } from '../native/admin-api.ts'
import { urlOf } from '../native/part.ts'
import { readSecret } from '../native/private-files.ts'
import { checkCertificate, checkServed } from './check-certificate.ts'
import { checkAddress, checkUdpBuffers } from './check-machine.ts'
import { checkClocks, checkNames, checkUrls } from './check-relays.ts'
import { fail, lookAt, ok } from './finding.ts'
import { parseTurnUrl } from '../../services/turn/turn-url.ts'
import type { CertificateFiles } from './check-certificate.ts'
import type { FleetNode } from './check-relays.ts'
import type { Finding, Look } from './finding.ts'
import type { Paths } from '../native/paths.ts'
import type { Address, NodeSettings, Settings } from '../native/settings.ts'

/** What there should be, and how it is looked into: processes and containers differ in that. */
export interface Expected {
  settings: Settings
  nodes: NodeSettings[]
  /** what only who started it knows to find out, by its name */
  looks: Array<[check: string, look: Look]>
  /** of the relay, as files of this machine; undefined: it has none */
  certificate: CertificateFiles | undefined
  /** where the central Redis speaks TLS, and how it is made to serve a renewed certificate; undefined: it does not */
  centralTls: { address: Address, todo: string } | undefined
}

/** Looks at everything that keeps calls from being relayed, and at what will. Asks, and changes nothing but an allocation that it ends. */
export async function examineStack ({ settings, nodes, looks, certificate, centralTls }: Expected, paths: Paths): Promise<Finding[]> {
  const own = settings.callersOwn
  const fleet = existsSync(paths.joined) ? ownUrls(nodes, settings) : await readFleet(settings, paths)
  const hosts = [...new Set(fleet.nodes.flatMap(({ observed }) => observed?.urls ?? []).filter(url => url.startsWith('turns:')).flatMap(url => parseTurnUrl(url)?.host ?? []))]
  const ca = own.SPILLWAY_PROBER_TLS_CA === undefined ? undefined : readFileSync(own.SPILLWAY_PROBER_TLS_CA, 'utf8')
  const all: Expected['looks'] = [
    ...looks,
    ...nodes.map(({ id, relayIp }): [string, Look] => [`address ${id}`, () => checkAddress(id, relayIp, own.SPILLWAY_NODE_EXTERNAL_IP)]),
    ['udp-buffers', checkUdpBuffers],
    ...certificate === undefined ? [] : [['certificate', () => checkCertificate('certificate', certificate, hosts, Date.now())] satisfies [string, Look]],
    ...lookAtRedisCertificate(settings, centralTls, paths),
    ['control-plane', () => fleet.findings],
    ['clock', () => checkClocks(fleet.nodes)],
    ...fleet.nodes.map((node): [string, Look] => [`dns ${node.id}`, async () => await checkNames(node)]),
    ...fleet.nodes.map((node): [string, Look] => [`urls ${node.id}`, async () => await checkUrls(node, fleet.entries, ca)])
  ]
  return (await Promise.all(all.map(async ([check, look]) => await lookAt(check, look)))).flat()
}

/** On disk, and as the running Redis serves it, where it speaks TLS. */
function lookAtRedisCertificate ({ centralRedisAddress: host }: Settings, centralTls: Expected['centralTls'], { redisTls }: Paths): Expected['looks'] {
  if (host === undefined || centralTls === undefined || !existsSync(redisTls.cert)) return []
  const served = 'redis-certificate-served'
  return [
    ['redis-certificate', () => checkCertificate('redis-certificate', redisTls, [host], Date.now())],
    [served, async () => await checkServed(served, centralTls.address, redisTls.cert, centralTls.todo)]
  ]
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
