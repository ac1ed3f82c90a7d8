import { judgeLayout, LAYOUT } from '../domain/layout.ts'
import { OperatorMistake } from '../domain/operator-mistake.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'

export interface LayoutOptions {
  /** true: this process owns the number, and writes it where there is none */
  owner?: boolean
  /** whether Redis answered at the start; otherwise it is looked at as soon as it does */
  ready: boolean
  /** ends the process */
  fail: (error: OperatorMistake) => void
}

/**
 * Sees to it that this process works on keys it understands: now, and whenever the connection is made anew, for another
 * server may have taken the place, or a backup.
 * @throws OperatorMistake where it does not
 */
export async function guardLayout (redis: Redis, { owner = false, ready, fail }: LayoutOptions): Promise<void> {
  async function check (): Promise<void> {
    const found = judgeLayout(await redis.get(centralKeys.layout))
    if (found === 'new' && owner) await redis.set(centralKeys.layout, LAYOUT, 'NX')
    if (found === 'old') throw new OperatorMistake(`the central Redis is of an older layout than ${LAYOUT}: start the control plane of this version first, which migrates it`)
  }
  // one that is away, or an older list of users that does not let it be read, is no word against it
  const look = async (refuse: (error: OperatorMistake) => void): Promise<void> => {
    await check().catch((error: unknown) => { if (error instanceof OperatorMistake) refuse(error) })
  }
  if (ready) await look(error => { throw error })
  redis.on('ready', () => { look(fail).catch(fail) })
}
