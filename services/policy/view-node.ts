import { isUsableUrl } from '../domain/ice-servers.ts'
import type { NodeFacts, ObservedNode } from '../domain/node.ts'
import type { NodeReason, NodeState } from '../domain/node-state.ts'
import { foreignAddresses } from '../domain/relay-addresses.ts'
import { countVotes, hasVote, isSilent, watchProbers } from './count-votes.ts'
import type { Health, ProberView, UrlVote } from './count-votes.ts'
import type { Expectation } from './expect-load.ts'
import { judgeNode, mayServe } from './judge-node.ts'
import { judgeSaturation, measureLoad } from './judge-load.ts'
import type { Load, Saturation } from './judge-load.ts'
import { judgeRoom } from './judge-room.ts'
import type { Room } from './judge-room.ts'
import { signingGeneration } from './rotate-generations.ts'
import type { Policy } from './settings.ts'

/** One node as requests are decided on it and people are shown it. */
export interface NodeView extends Load, Saturation {
  id: string
  state: NodeState
  /** what its state follows from comes first */
  reasons: readonly NodeReason[]
  region: string
  /** what clients may be given: advertised, of use to a browser, not bad; never probed is not bad */
  urls: readonly string[]
  badUrls: readonly string[]
  /** the newest secret generation the node has confirmed; 0 where it has confirmed none */
  signingGeneration: number
  /** id of the node key its secret derives from */
  signingKeyId: string
  /** as the operator wishes, beside others of the same capacity */
  weight: number
  /** of what it would get, while it starts slowly; 1 is all, 0 where it may not serve */
  share: number
  /** for more, before what was promised since its heartbeat is taken off; undefined where its load is not known */
  room: Room | undefined
  boot: string
  beat: number
  /** how long its heartbeat has stood still, in time during which Redis could be read */
  quietMs: number
  /** the node's clock less ours when a heartbeat was last seen to arrive; null before that */
  clockSkewMs: number | null
  probers: readonly ProberView[]
}

/** The moment of a read, as seen from the one before. */
export interface ReadMoment {
  nowMs: number
  /** since the read before, none of it an outage */
  elapsedMs: number
  /** nothing was read before: what is well now is not new */
  isFirst: boolean
  /** the read before was a moment ago, so a heartbeat that is new to us is new */
  isSteady: boolean
}

/** Three heartbeats. */
export const SILENT_AFTER_MS = 15_000
/** Of a new or healed node: enough to be seen working by those who watch it, too little to hurt many if it does not. */
export const FIRST_SHARE = 0.1
/** Far above what two clocks kept by NTP and a heartbeat's way through Redis make; credentials go wrong from minutes on. */
const SKEW_MS = 10_000

const UNSEEN = { region: '', urls: [], badUrls: [], signingGeneration: 0, signingKeyId: '', capacityBitsPerSecond: 0, bandwidthRatio: 0, sessionsRatio: 0, loadRatio: 0, saturated: false, dwellMs: 0, share: 0, room: undefined, boot: '', beat: 0, quietMs: 0, clockSkewMs: null } as const

export function viewNode ({ id, desired, observed }: NodeFacts, health: Health, before: NodeView | undefined, moment: ReadMoment, policy: Policy, expectation: Expectation): NodeView {
  const probers = watchProbers(before?.probers, health, moment.elapsedMs)
  const base = { ...UNSEEN, id, probers, weight: desired.weight }
  if (!observed) return { ...base, state: 'unready', reasons: [{ kind: 'no_agent' }, ...drainReason(desired.draining)] }

  const signing = signingGeneration({ id, desired, observed })
  const advertised = [...new Set(observed.urls)].filter(url => /^turns?:/i.test(url) && isUsableUrl(url, true))
  const votes = countVotes(advertised, health, probers)
  const quietMs = before && before.beat === observed.beat ? before.quietMs + moment.elapsedMs : 0
  const state = judgeNode({
    isReady: signing !== undefined && advertised.length > 0,
    // for a moment after a drain coturn still refuses
    isDraining: desired.draining !== undefined || observed.admitting === false,
    agentSpeaks: quietMs <= SILENT_AFTER_MS,
    coturnAnswers: observed.coturnVersion !== null,
    coturnGone: observed.coturnGone === true,
    votes
  })
  const load = measureLoad(observed, desired)
  const view = {
    ...base,
    state,
    region: observed.region,
    urls: votes.filter(vote => vote.state !== 'bad').map(({ url }) => url),
    badUrls: votes.filter(vote => vote.state === 'bad').map(({ url }) => url),
    signingGeneration: signing?.generation ?? 0,
    signingKeyId: signing?.keyId ?? '',
    ...load,
    ...judgeSaturation(before ?? UNSEEN, load.loadRatio, moment.elapsedMs, policy),
    share: mayServe(state) ? nextShare(observed, before, moment, policy) : 0,
    room: quietMs <= SILENT_AFTER_MS ? judgeRoom({ ...observed, ...load }, expectation) : undefined,
    boot: observed.boot,
    beat: observed.beat,
    quietMs,
    clockSkewMs: before && before.beat !== observed.beat && moment.isSteady ? observed.clockMs - moment.nowMs : before?.clockSkewMs ?? null
  }
  return { ...view, reasons: reasonsOf(view, observed, votes, desired) }
}

/** Grows evenly from the first share to all, and begins anew with each coturn: one that keeps dying would be back at once. */
function nextShare ({ boot }: ObservedNode, before: NodeView | undefined, { isFirst, elapsedMs }: ReadMoment, { rampMs }: Policy): number {
  if (isFirst || rampMs === 0) return 1
  const isNew = !before || before.share === 0 || (before.boot !== '' && before.boot !== boot)
  return isNew ? FIRST_SHARE : Math.min(1, before.share + (1 - FIRST_SHARE) * elapsedMs / rampMs)
}

function reasonsOf (view: Omit<NodeView, 'reasons'>, observed: ObservedNode, votes: readonly UrlVote[], { draining, addresses }: NodeFacts['desired']): NodeReason[] {
  const foreign = foreignAddresses(observed.relayIps, addresses)
  const { probers, quietMs, share, saturated, loadRatio, clockSkewMs } = view
  const agentSpeaks = quietMs <= SILENT_AFTER_MS
  const when = (isSo: boolean, reason: NodeReason): NodeReason[] => isSo ? [reason] : []
  return [
    ...when(view.signingGeneration === 0, { kind: 'no_generation' }),
    ...when(votes.length === 0, { kind: 'no_url' }),
    ...when(agentSpeaks && observed.coturnVersion === null, { kind: 'coturn_silent' }),
    ...drainReason(draining),
    ...when(!draining && observed.admitting === false, { kind: 'reopening' }),
    ...when(!agentSpeaks, { kind: 'agent_silent', quietMs }),
    ...votes.filter(({ state }) => state === 'bad').map(({ url, failure, against, voters }): NodeReason =>
      ({ kind: 'url_bad', url, stage: failure?.stage ?? null, cause: failure?.cause ?? null, code: failure?.code ?? null, vantages: [...against], voters })),
    ...when(!probers.some(hasVote), notProbed(probers)),
    ...when(saturated, { kind: 'saturated', loadRatio }),
    ...when(share > 0 && share < 1, { kind: 'slow_start', share }),
    ...when(foreign.length > 0, { kind: 'address_foreign', addresses: foreign }),
    ...when(clockSkewMs !== null && Math.abs(clockSkewMs) > SKEW_MS, { kind: 'clock_skew', skewMs: clockSkewMs ?? 0 })
  ]
}

const drainReason = (draining: NodeFacts['desired']['draining']): NodeReason[] => draining ? [{ kind: 'draining', sinceMs: draining.sinceMs }] : []
function notProbed (probers: readonly ProberView[]): NodeReason {
  const speaking = probers.filter(prober => !isSilent(prober))
  return {
    kind: 'not_probed',
    silent: namesOf(probers.filter(isSilent)),
    blind: namesOf(speaking.filter(({ isHeard, reaches }) => isHeard && !reaches)),
    unheard: namesOf(speaking.filter(({ isHeard }) => !isHeard))
  }
}
const namesOf = (probers: readonly ProberView[]): string[] => probers.map(({ name }) => name)
