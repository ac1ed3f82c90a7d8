import type { DesiredNode } from '../domain/node.ts'
import type { Logger } from '../runtime/logger.ts'
import { readSavedDesired, saveDesired } from '../store/agent-state.ts'
import type { Redis } from '../store/connect.ts'
import { readDesired } from '../store/nodes.ts'
import type { Obeyer } from './obey-desired.ts'

export interface FollowDesiredOptions {
  central: Redis
  nodeRedis: Redis
  node: string
  obeyer: Obeyer
  logger: Logger
  /** coturn accepts other generations than before */
  onApplied: () => void
}

/** Reads what the control plane wants of this node, obeys it, and keeps it for when the centre is away. */
export function followDesired ({ central, nodeRedis, node, obeyer, logger, onApplied }: FollowDesiredOptions) {
  let registered = true
  let savedDesired = ''
  let saidMissing = ''

  async function obey (desired: DesiredNode): Promise<void> {
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

  return {
    get registered (): boolean { return registered },

    async follow (): Promise<void> {
      const desired = await readDesired(central, node).catch(async error => {
        // without the centre the last wish stands: a coturn that restarts now needs its secrets all the same
        const last = await readSavedDesired(nodeRedis)
        if (last) await obey(last)
        throw error
      })
      if (registered && !desired) logger.error(`node ${node} is not registered: PUT /admin/v1/nodes/${node}`)
      registered = desired !== null
      if (!desired) return
      await obey(desired)
      const json = JSON.stringify(desired)
      if (json !== savedDesired) await saveDesired(nodeRedis, desired)
      savedDesired = json
    }
  }
}
