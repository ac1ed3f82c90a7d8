import type { Logger } from '../runtime/logger.ts'
import { repeat } from '../runtime/repeat.ts'
import type { Redis } from '../store/connect.ts'
import { forgetJoinTokens } from '../store/join-tokens.ts'
import type { KeyRingKeeper } from '../store/key-ring.ts'
import { allowFleetPeers } from './allow-fleet-peers.ts'
import { createDecisionEraser } from './erase-decisions.ts'
import { finishRotations } from './finish-rotations.ts'
import { forgetKicks } from './forget-kicks.ts'
import { forgetProbers } from './forget-probers.ts'
import { issueProbeCredentials } from './issue-probe-credentials.ts'
import { createUserKeeper } from './keep-node-users.ts'
import { noteDrains } from './note-drains.ts'
import type { Revocations } from './revoke-credentials.ts'
import type { FleetWatch } from './watch-fleet.ts'

const TEND_MS = 1_000

/**
 * What follows from facts and standing wishes, by whichever replica comes first. A loop of its own: a fleet with much to
 * be done for must not hold up the snapshot.
 */
export function tendFleet (redis: Redis, keyRing: KeyRingKeeper, fleet: Pick<FleetWatch, 'nodes' | 'snapshot'>, revocations: Pick<Revocations, 'forget'>, logger: Logger, now: () => number) {
  const chores: Array<[what: string, work: () => Promise<unknown>]> = [
    ["the fleet's addresses could not be written", async () => await allowFleetPeers(redis, fleet.nodes)],
    ['a rotation could not be taken further', async () => await finishRotations(redis, fleet.nodes, now())],
    ['the progress of a drain could not be written down', async () => await noteDrains(redis, fleet.nodes, now())],
    ['kicks that are over could not be taken back', async () => await forgetKicks(redis, fleet.nodes, now())],
    ['a credential for probes could not be written', async () => await issueProbeCredentials(redis, keyRing, fleet.nodes, now())],
    ['the logins of nodes that joined could not be kept', createUserKeeper(redis)],
    ['join tokens that are over could not be dropped', async () => { await forgetJoinTokens(redis, now()) }],
    ['the word of probers that are gone could not be dropped', async () => { await forgetProbers(redis, fleet.snapshot) }],
    ['decisions about a user to be forgotten could not be deleted', createDecisionEraser(redis, revocations, now)]
  ]
  return repeat(TEND_MS, async () => {
    for (const [what, work] of chores) {
      await work().catch((error: Error) => { logger.error({ reason: error.message }, what) })
    }
  }, () => {})
}
