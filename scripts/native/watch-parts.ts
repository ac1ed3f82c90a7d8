import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { findTurnserver, isAlive, readRecord } from './process-record.ts'
import type { Paths } from './paths.ts'
import type { Part } from './stack.ts'

const LOOK_MS = 500

/** Says when a part dies, once, and when it is back. Resolves when all were stopped, by ./scripts/down; rejects on abort. */
export async function watchParts (parts: readonly Part[], paths: Paths, signal: AbortSignal, say: (part: string, what: string) => void): Promise<void> {
  const dead = new Set<string>()
  for (;;) {
    const recorded = parts.filter(({ name }) => existsSync(paths.pidFile(name)))
    for (const { name, coturnRun } of recorded) {
      const record = readRecord(paths, name)
      if (record === undefined) continue
      const lives = isAlive(record) || (coturnRun !== undefined && findTurnserver(coturnRun) !== undefined)
      if (!lives && !dead.has(name)) say(name, `died, see ${paths.logFile(name)}; ./scripts/up --detach starts it again`)
      if (lives && dead.has(name)) say(name, `runs again, pid ${record.pid}`)
      if (lives) dead.delete(name)
      else dead.add(name)
    }
    if (recorded.length === 0) return
    await delay(LOOK_MS, undefined, { signal })
  }
}
