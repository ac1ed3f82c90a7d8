import type { AppsAndKeys } from '../domain/app.ts'
import type { NodeFacts } from '../domain/node.ts'
import { nodeKeyIdOf } from '../domain/node-keys.ts'
import type { RelayUse } from '../domain/relay-use.ts'
import { kickedUsers } from './kicks.ts'

/**
 * up: its agent speaks and coturn answers · unknown: the agent has gone silent, which says nothing of the relay ·
 * down: the agent says that coturn does not answer · unready: no agent yet, or no secret confirmed to sign with
 */
export type NodeState = 'up' | 'unknown' | 'down' | 'unready'

export interface NodeView {
  id: string
  state: NodeState
  region: string
  urls: readonly string[]
  /** the newest secret generation the node has confirmed; 0 where it has confirmed none */
  signingGeneration: number
  /** id of the node key its secret derives from */
  signingKeyId: string
  loadRatio: number
  beat: number
  /** how long its heartbeat has stood still, in time during which Redis could be read */
  quietMs: number
}

/** All that a request is decided on, so that none needs Redis. */
export interface Snapshot {
  generation: number
  readAtMs: number
  /** since when Redis has not been read; what stands here is the last that was */
  outageSinceMs: number | undefined
  nodes: readonly NodeView[]
  appsAndKeys: AppsAndKeys
  /** of the apps that have relay caps, by id */
  relayUse: ReadonlyMap<string, RelayUse>
  /** user tags that get no credentials, and until when, in ms; absent where there are none */
  kicked?: ReadonlyMap<string, number> | undefined
}

/** Everything one read of Redis brings; `appsAndKeys` is undefined where it has not changed. */
export interface Facts {
  nodes: readonly NodeFacts[]
  appsAndKeys: AppsAndKeys | undefined
  relayUse: ReadonlyMap<string, RelayUse>
}

/** Three heartbeats. */
export const SILENT_AFTER_MS = 15_000

/**
 * The next snapshot from the one before and what was read, undefined where Redis could not be. In an outage nothing
 * ages: an agent that could not be heard has not gone silent. Undefined until the first full read.
 */
export function nextSnapshot (previous: Snapshot | undefined, facts: Facts | undefined, nowMs: number): Snapshot | undefined {
  if (!facts) return previous && { ...previous, outageSinceMs: previous.outageSinceMs ?? nowMs }
  const appsAndKeys = facts.appsAndKeys ?? previous?.appsAndKeys
  if (!appsAndKeys) return undefined
  const elapsedMs = previous && previous.outageSinceMs === undefined ? nowMs - previous.readAtMs : 0
  const before = new Map(previous?.nodes.map(node => [node.id, node]))
  return {
    generation: (previous?.generation ?? 0) + 1,
    readAtMs: nowMs,
    outageSinceMs: undefined,
    nodes: facts.nodes.map(node => viewNode(node, before.get(node.id), elapsedMs)),
    appsAndKeys,
    relayUse: facts.relayUse,
    kicked: kickedUsers(facts.nodes)
  }
}

function viewNode ({ id, desired, observed }: NodeFacts, before: NodeView | undefined, elapsedMs: number): NodeView {
  if (!observed) {
    return { id, state: 'unready', region: '', urls: [], signingGeneration: 0, signingKeyId: '', loadRatio: 0, beat: 0, quietMs: 0 }
  }
  const confirmed = observed.generationsApplied.filter(generation => desired.generations.includes(generation))
  const signingGeneration = Math.max(0, ...confirmed)
  const quietMs = before && before.beat === observed.beat ? before.quietMs + elapsedMs : 0
  return {
    id,
    state: signingGeneration === 0 ? 'unready' : quietMs > SILENT_AFTER_MS ? 'unknown' : observed.coturnVersion === null ? 'down' : 'up',
    region: observed.region,
    urls: observed.urls,
    signingGeneration,
    signingKeyId: nodeKeyIdOf(desired.nodeKeys, signingGeneration) ?? '',
    loadRatio: observed.loadBitsPerSecond / observed.capacityBitsPerSecond,
    beat: observed.beat,
    quietMs
  }
}
