import type { NodeState } from '../domain/node-state.ts'
import type { UrlVote } from './count-votes.ts'

/** All that the state of a node follows from. */
export interface NodeSigns {
  /** an agent has spoken, a wanted secret is confirmed, a URL is advertised */
  isReady: boolean
  isDraining: boolean
  agentSpeaks: boolean
  /** what the agent last said */
  coturnAnswers: boolean
  /** its process is gone, by the word of the agent */
  coturnGone: boolean
  votes: ReadonlyArray<Pick<UrlVote, 'state'>>
}

/**
 * | agent    | votes on its URLs        | state    |
 * |----------|--------------------------|----------|
 * | none yet, or no secret confirmed, or no URL | unready |
 * | any      | all bad                  | down     |
 * | says that coturn is gone | any     | down     | nothing listens: what probers found a moment ago is of the past
 * | says that coturn does not answer | some good | degraded | it relays, as who tried it saw: its CLI alone may hang
 * | says that coturn does not answer | none, or only some bad | down |
 * | speaks   | some bad                 | degraded | the bad ones are left out
 * | speaks   | good, or not all known   | up       |
 * | speaks   | none                     | up       | a dead prober condemns nobody
 * | silent   | some good                | degraded | it relays, and nobody sees how full it is
 * | silent   | none, or only some bad   | unknown  |
 *
 * A drain that is wished stands in place of up, degraded and unknown. What coturn last said through an agent that is
 * silent by now counts for nothing.
 */
export function judgeNode ({ isReady, isDraining, agentSpeaks, coturnAnswers, coturnGone, votes }: NodeSigns): NodeState {
  if (!isReady) return 'unready'
  const bad = votes.filter(({ state }) => state === 'bad').length
  const isSeenWell = votes.some(({ state }) => state === 'good')
  if (bad === votes.length || (agentSpeaks && (coturnGone || (!coturnAnswers && !isSeenWell)))) return 'down'
  if (isDraining) return 'draining'
  if (agentSpeaks && coturnAnswers) return bad > 0 ? 'degraded' : 'up'
  return isSeenWell ? 'degraded' : 'unknown'
}

/** The states in which new sessions may be sent to a node, be it for want of a better one. */
export const mayServe = (state: NodeState): boolean => state === 'up' || state === 'degraded' || state === 'unknown'
