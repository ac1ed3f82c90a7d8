import type { AppsAndKeys } from '../domain/app.ts'
import type { MoneyFacts } from '../domain/budget.ts'
import type { FleetHealth } from '../domain/health.ts'
import type { NodeFacts } from '../domain/node.ts'
import type { RelayUse } from '../domain/relay-use.ts'
import { expectLoad } from './expect-load.ts'
import type { Promises } from './keep-promises.ts'
import { refusedUsers } from './kicks.ts'
import type { Policy } from './settings.ts'
import { viewNode } from './view-node.ts'
import type { NodeView, ReadMoment } from './view-node.ts'

/** `unreadable`: Redis does not answer. `emptied`: it answers, but what it held of the fleet is gone. */
export type OutageReason = 'unreadable' | 'emptied'

/** All that a request is decided on, so that none needs Redis. */
export interface Snapshot {
  generation: number
  readAtMs: number
  /** since when Redis has not been read, or not been believed; what stands here is the last that was */
  outageSinceMs: number | undefined
  outageReason: OutageReason | undefined
  nodes: readonly NodeView[]
  appsAndKeys: AppsAndKeys
  /** of the apps that have relay caps, by id */
  relayUse: ReadonlyMap<string, RelayUse>
  /** what paid steps are decided on */
  money?: MoneyFacts
  policy: Policy
  /** what other control planes have promised on nodes */
  promises: Promises
  /** user tags that get no credentials, and until when, in ms; absent where there are none */
  kicked?: ReadonlyMap<string, number> | undefined
}

/** Everything one read of Redis brings; `appsAndKeys` is undefined where it has not changed, `health` lacks nodes never probed. */
export interface Facts {
  nodes: readonly NodeFacts[]
  health: FleetHealth
  appsAndKeys: AppsAndKeys | undefined
  relayUse: ReadonlyMap<string, RelayUse>
  promises: Promises
  money?: MoneyFacts
}

/** Snapshots are a second apart: more is a clock that was set or a process that slept, and says nothing of the nodes. */
const LONGEST_STEP_MS = 5_000
const NOT_PROBED = new Map<string, never>()

/**
 * The next snapshot from the one before and what was read, undefined where Redis could not be. In an outage nothing
 * ages: an agent that could not be heard has not gone silent. Undefined until the first full read.
 */
export function nextSnapshot (previous: Snapshot | undefined, facts: Facts | undefined, nowMs: number, policy: Policy): Snapshot | undefined {
  if (!facts) return previous && standStill(previous, 'unreadable', nowMs)
  const appsAndKeys = facts.appsAndKeys ?? previous?.appsAndKeys
  if (!appsAndKeys) return undefined
  if (previous && isEmptied(previous, facts)) return standStill(previous, 'emptied', nowMs)
  const moment = momentOf(previous, nowMs)
  const expectation = expectLoad(facts.nodes.flatMap(({ observed }) => observed ? [observed.experience] : []))
  const before = new Map(previous?.nodes.map(node => [node.id, node]))
  return {
    generation: (previous?.generation ?? 0) + 1,
    readAtMs: nowMs,
    outageSinceMs: undefined,
    outageReason: undefined,
    nodes: facts.nodes.map(node => viewNode(node, facts.health.get(node.id) ?? NOT_PROBED, before.get(node.id), moment, policy, expectation)),
    appsAndKeys,
    relayUse: facts.relayUse,
    ...facts.money ? { money: facts.money } : {},
    policy,
    promises: facts.promises,
    kicked: refusedUsers(previous?.kicked, facts.nodes, nowMs)
  }
}

const standStill = (previous: Snapshot, outageReason: OutageReason, nowMs: number): Snapshot =>
  ({ ...previous, outageSinceMs: previous.outageSinceMs ?? nowMs, outageReason })

function momentOf (previous: Snapshot | undefined, nowMs: number): ReadMoment {
  const sinceMs = previous?.outageSinceMs === undefined ? nowMs - (previous?.readAtMs ?? nowMs) : 0
  const elapsedMs = Math.min(LONGEST_STEP_MS, Math.max(0, sinceMs))
  return { nowMs, elapsedMs, isFirst: previous === undefined, isSteady: previous?.outageSinceMs === undefined && elapsedMs === sinceMs }
}

/**
 * An empty fleet after a full one is a fault, not a wish: Redis was flushed, or came back without its data, or the wishes
 * cannot be read. So is a fleet without apps. An operator who removes the last of them leaves an entry in the audit, so
 * its head has grown.
 */
function isEmptied (previous: Snapshot, { nodes, appsAndKeys }: Facts): boolean {
  const { apps } = appsAndKeys ?? previous.appsAndKeys
  const hasLost = (previous.nodes.length > 0 && nodes.length === 0) || (previous.appsAndKeys.apps.size > 0 && apps.size === 0)
  return hasLost && sequenceOf(appsAndKeys ?? previous.appsAndKeys) <= sequenceOf(previous.appsAndKeys)
}

/** Of the last entry of the audit, which the version of apps and keys begins with. */
const sequenceOf = ({ version }: AppsAndKeys): number => Number.parseInt(version, 10) || 0
