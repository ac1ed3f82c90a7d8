import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { findTurnserver, isAlive, readRecord } from './process-record.ts'
import type { Paths } from './paths.ts'
import type { Part } from './part.ts'

const LOOK_MS = 500

/**
 * Says when a part dies, once, and when it is back. Resolves when all were stopped, by ./scripts/down; rejects on abort.
 * Dead is what is gone at two looks: the pid file of a part that was stopped goes a moment after the process.
 */
export async function watchParts (parts: readonly Part[], paths: Paths, signal: AbortSignal, say: (part: string, what: string) => void): Promise<void> {
  const looksGone = new Map<string, number>()
  for (;;) {
    const recorded = parts.filter(({ name }) => existsSync(paths.pidFile(name)))
    for (const { name, coturnRun } of recorded) {
      const record = readRecord(paths, name)
      if (record === undefined) continue
      const before = looksGone.get(name) ?? 0
      const lives = isAlive(record) || (coturnRun !== undefined && findTurnserver(coturnRun) !== undefined)
      looksGone.set(name, lives ? 0 : before + 1)
      if (!lives && before === 1) say(name, `died, see ${paths.logFile(name)}; ./scripts/up --detach starts it again`)
      if (lives && before > 1) say(name, `runs again, pid ${record.pid}`)
    }
    if (recorded.length === 0) return
    await delay(LOOK_MS, undefined, { signal })
  }
}
