import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { TurnClient } from '../../services/turn/turn-client.ts'
import { parseTurnUrl } from '../../services/turn/turn-url.ts'
import type { IceServer } from '../../services/turn/turn-url.ts'
import { fail, ok, warn } from './finding.ts'
import type { Finding } from './finding.ts'

const ANSWER_MS = 3_000
/** The control plane says so from the same difference on (policy/view-node.ts). */
const SKEW_MS = 2_000

/** One node as GET /admin/v1/nodes shows it. */
export interface FleetNode {
  id: string
  clockSkewMs: number | null
  observed: { urls: string[], relayIps: string[] } | null
}

/** The clock of each node against that of the control plane: credentials expire by the clock of the relay. */
export const checkClocks = (nodes: readonly FleetNode[]): Finding[] => nodes.flatMap(({ id, clockSkewMs }) =>
  clockSkewMs === null
    ? []
    : [Math.abs(clockSkewMs) < SKEW_MS
        ? ok(`clock ${id}`, `${clockSkewMs} ms from the control plane's`)
        : warn(`clock ${id}`, `${clockSkewMs} ms from the control plane's: credentials end that much ${clockSkewMs > 0 ? 'early' : 'late'} there`, 'let both machines keep time (systemd-timesyncd, chrony)')])

/** Names that clients are given must lead to the node. */
export async function checkNames ({ id, observed }: FleetNode): Promise<Finding[]> {
  const hosts = new Set((observed?.urls ?? []).map(url => parseTurnUrl(url)?.host ?? '').filter(host => host !== '' && isIP(host) === 0))
  return await Promise.all([...hosts].map(async host => {
    const check = `dns ${host}`
    const addresses = await lookup(host, { all: true }).then(all => all.map(({ address }) => address), () => [])
    if (addresses.length === 0) return fail(check, 'does not resolve', `make a record of it for ${observed?.relayIps[0]}`)
    const strange = addresses.filter(address => !observed?.relayIps.includes(address))
    return strange.length === 0
      ? ok(check, addresses.join(', '))
      : warn(check, `leads to ${strange.join(', ')}, and node ${id} says it is ${observed?.relayIps.join(', ')}`, 'correct the record; behind a NAT set SPILLWAY_NODE_EXTERNAL_IP to the public address')
  }))
}

/** Does what a client does on each URL: STUN Binding, then Allocate where there is a credential for the node. */
export async function checkUrls ({ observed }: FleetNode, entries: readonly IceServer[], ca: string | undefined): Promise<Finding[]> {
  const urls = observed?.urls ?? []
  const own = entries.find(entry => [entry.urls].flat().some(url => urls.includes(url)))
  return await Promise.all(urls.map(async url => await checkUrl(url, own, ca)))
}

async function checkUrl (url: string, entry: IceServer | undefined, ca: string | undefined): Promise<Finding> {
  const server = parseTurnUrl(url)
  if (server === undefined) return fail(url, 'is no turn: or turns: URL', 'correct SPILLWAY_NODE_PUBLIC_URLS')
  const { username = '', credential: password = '' } = entry ?? {}
  const startedMs = performance.now()
  let client: TurnClient | undefined
  try {
    client = await TurnClient.connect({ ...server, username, password, ca, requestTimeoutMs: ANSWER_MS })
    await client.binding()
    if (entry === undefined) return ok(url, 'STUN answers; no credential to allocate with')
    await client.allocate()
    await client.release()
    return ok(url, `STUN and Allocate in ${Math.round(performance.now() - startedMs)} ms`)
  } catch (error) {
    return fail(url, (error as Error).message, 'from here at least: is the port open in the firewall, and does coturn run? GET /admin/v1/nodes says what probers find')
  } finally {
    await client?.close()
  }
}
