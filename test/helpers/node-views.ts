import { indexApps } from '../../services/domain/app.ts'
import type { Snapshot } from '../../services/policy/next-snapshot.ts'
import type { RouteRequest } from '../../services/policy/route-request.ts'
import { DEFAULT_POLICY } from '../../services/policy/settings.ts'
import type { NodeView } from '../../services/policy/view-node.ts'

/** The URLs of a node of this name. */
export const urlsOf = (id: string) => ({ udp: `turn:${id}.example.org:3478?transport=udp`, tls: `turns:${id}.example.org:443?transport=tcp`, tcp: `turn:${id}.example.org:3478?transport=tcp` })

/** A node that is well, idle and long known. */
export const nodeView = (id: string, differs: Partial<NodeView> = {}): NodeView => ({
  id,
  state: 'up',
  reasons: [],
  region: 'eu',
  urls: Object.values(urlsOf(id)),
  badUrls: [],
  signingGeneration: 1,
  signingKeyId: 'k',
  weight: 1,
  capacityBitsPerSecond: 1e9,
  bandwidthRatio: differs.loadRatio ?? 0,
  sessionsRatio: 0,
  loadRatio: 0,
  saturated: false,
  dwellMs: 0,
  share: 1,
  room: undefined,
  boot: 'b',
  beat: 1,
  quietMs: 0,
  clockSkewMs: null,
  probers: [],
  ...differs
})

export const snapshotOf = (nodes: NodeView[], differs: Partial<Snapshot> = {}): Snapshot => ({
  generation: 1, readAtMs: 0, outageSinceMs: undefined, outageReason: undefined, nodes, appsAndKeys: indexApps('1', new Map(), new Map()), relayUse: new Map(), policy: DEFAULT_POLICY, promises: new Map(), ...differs
})

export const requestOf = (differs: Partial<RouteRequest> = {}): RouteRequest => ({ app: 'shop', userTag: 'u', regions: [], paidSpill: true, ...differs })
