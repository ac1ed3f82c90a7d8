import { newDesired } from '../../services/domain/node.ts'
import type { DesiredNode } from '../../services/domain/node.ts'
import { makeChange } from '../../services/store/audit.ts'
import type { Write } from '../../services/store/audit.ts'
import type { Redis } from '../../services/store/connect.ts'
import { writeNewNode } from '../../services/store/nodes.ts'

/** Changes the centre as the admin API does, entry in the audit included. */
export async function write (redis: Redis, ...writes: Write[]): Promise<void> {
  await makeChange(redis, { name: 'test', role: 'admin' }, Date.now(), async () =>
    ({ action: 'test', target: 'test', before: null, after: null, writes, result: undefined }))
}

/** A wish for a node whose key nobody asks for. */
export const desiredNode = (differs: Partial<DesiredNode> = {}): DesiredNode => ({ ...newDesired('0123456789abcdef'), ...differs })

export const registerNode = async (redis: Redis, id: string, desired: DesiredNode = desiredNode()): Promise<void> => { await write(redis, ...writeNewNode(id, desired)) }
