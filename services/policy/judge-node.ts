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
  votes: ReadonlyArray<Pick<UrlVote, 'state'>>
}

/**
 * | agent    | votes on its URLs        | state    |
 * |----------|--------------------------|----------|
 * | none yet, or no secret confirmed, or no URL | unready |
 * | speaks, coturn does not answer | any  | down     |
 * | speaks   | all bad                  | down     |
 * | speaks   | some bad                 | degraded | the bad ones are left out
 * | speaks   | good, or not all known   | up       |
 * | speaks   | none                     | up       | a dead prober condemns nobody
 * | silent   | all bad                  | down     |
 * | silent   | some good                | degraded | it relays, and nobody sees how full it is
 * | silent   | none, or only some bad   | unknown  |
 *
 * A drain that is wished stands in place of up, degraded and unknown. What coturn last said through an agent that is
 * silent by now counts for nothing.
 */
export function judgeNode ({ isReady, isDraining, agentSpeaks, coturnAnswers, votes }: NodeSigns): NodeState {
  if (!isReady) return 'unready'
  const bad = votes.filter(({ state }) => state === 'bad').length
  if ((agentSpeaks && !coturnAnswers) || bad === votes.length) return 'down'
  if (isDraining) return 'draining'
  if (agentSpeaks) return bad > 0 ? 'degraded' : 'up'
  return votes.some(({ state }) => state === 'good') ? 'degraded' : 'unknown'
}

/** The states in which new sessions may be sent to a node, be it for want of a better one. */
export const mayServe = (state: NodeState): boolean => state === 'up' || state === 'degraded' || state === 'unknown'
