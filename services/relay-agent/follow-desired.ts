import type { DesiredNode } from '../domain/node.ts'
import type { Logger } from '../runtime/logger.ts'
import { readSavedDesired, saveDesired } from '../store/agent-state.ts'
import type { Redis } from '../store/connect.ts'
import { readDesired } from '../store/nodes.ts'
import type { Drainer } from './drain-relay.ts'
import type { Kicker } from './kick-sessions.ts'
import type { Obeyer } from './obey-desired.ts'

export interface FollowDesiredOptions {
  central: Redis
  nodeRedis: Redis
  node: string
  obeyer: Obeyer
  drainer: Drainer
  kicker: Pick<Kicker, 'obey'>
  logger: Logger
  /** coturn accepts other generations than before, or the node has another capacity, or admits allocations, or no more */
  onApplied: () => void
}

/** Reads what the control plane wants of this node, obeys it, and keeps it for when the centre is away. */
export function followDesired ({ central, nodeRedis, node, obeyer, drainer, kicker, logger, onApplied }: FollowDesiredOptions) {
  let registered = true
  let savedDesired = ''
  let saidMissing = ''
  let last: DesiredNode | undefined

  async function obey (desired: DesiredNode, isRecalled: boolean): Promise<void> {
    kicker.obey(desired.kicks, isRecalled)
    const otherCapacity = last !== undefined && last.capacityBitsPerSecond !== desired.capacityBitsPerSecond
    last = desired
    await obeySecrets(desired)
    const otherAdmission = await drainer.obey(desired.draining !== undefined)
    if (otherAdmission) logger.info(drainer.admitting ? 'coturn admits new allocations' : 'coturn refuses new allocations, for the node is draining')
    if (otherCapacity || otherAdmission) onApplied()
  }

  async function obeySecrets (desired: DesiredNode): Promise<void> {
    const changed = await obeyer.obey(desired)
    const missing = String(obeyer.generationsMissing)
    if (missing !== saidMissing && missing !== '') {
      logger.error({ generations: obeyer.generationsMissing }, `these secret generations derive from a node key this agent does not have: set SPILLWAY_NODE_KEY to the one PUT /admin/v1/nodes/${node} answers, and start it again`)
    }
    saidMissing = missing
    if (!changed) return
    logger.info({ generations: obeyer.generationsApplied }, 'secret generations applied')
    onApplied()
  }

  /**
   * A node that is not in the fleet goes on as it was, for a centre that has lost its data may get it back; but one that
   * was drained was taken out: nobody books any more what is relayed here, so nothing is.
   */
  async function standAlone (): Promise<void> {
    if (registered) logger.error(`node ${node} is not registered: PUT /admin/v1/nodes/${node}`)
    registered = false
    last ??= await readSavedDesired(nodeRedis) ?? undefined
    kicker.obey(last?.kicks, true)
    if (last?.draining) await obeySecrets({ ...last, generations: [] })
  }

  return {
    get registered (): boolean { return registered },

    /** What the control plane says the node may carry; null: what it is configured with. */
    get capacityBitsPerSecond (): number | null { return last?.capacityBitsPerSecond ?? null },

    async follow (): Promise<void> {
      const desired = await readDesired(central, node).catch(async error => {
        // without the centre the last wish stands: a coturn that restarts now needs its secrets all the same
        const saved = await readSavedDesired(nodeRedis)
        if (saved) await obey(saved, true)
        throw error
      })
      if (!desired) return await standAlone()
      registered = true
      await obey(desired, false)
      const json = JSON.stringify(desired)
      if (json !== savedDesired) await saveDesired(nodeRedis, desired)
      savedDesired = json
    }
  }
}
