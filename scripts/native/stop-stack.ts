import { existsSync, readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { findTurnserver, isAlive, listRecorded, readRecord, removeRecord } from './process-record.ts'
import type { Paths } from './paths.ts'
import type { ProcessRecord } from './process-record.ts'

type Say = (part: string, what: string) => void
type Living = Pick<ProcessRecord, 'pid' | 'started'>

/** What stops together, first to last: whoever is spoken to outlives whoever speaks to it, so that all usage is counted. */
const ORDER: ReadonlyArray<{ match: RegExp, deadlineMs: number }> = [
  { match: /^prometheus$/, deadlineMs: 10_000 },
  // it would call every relay bad that is stopped on purpose
  { match: /^prober$/, deadlineMs: 15_000 },
  // launch waits up to 20 s for the agent to end the sessions and see their totals
  { match: /-coturn$/, deadlineMs: 30_000 },
  // runtime's own limit for stopping is 10 s
  { match: /-relay-agent$/, deadlineMs: 15_000 },
  { match: /^(?!central-redis$).+-redis$/, deadlineMs: 10_000 },
  { match: /^control-plane$/, deadlineMs: 15_000 },
  { match: /^fake-providers$/, deadlineMs: 5_000 },
  { match: /^ledger$/, deadlineMs: 15_000 },
  { match: /^central-redis$/, deadlineMs: 10_000 }
]
/** An agent ships, and learns what was applied, once a second. */
const SHIPPED_MS = 5_000
const ORPHAN_MS = 5_000
const LOOK_MS = 50

/** Stops all that our pid files name, and a turnserver that lost its supervisor. Returns how many processes it stopped. */
export async function stopStack (paths: Paths, say: Say): Promise<number> {
  let stopped = 0
  for (const { match, deadlineMs } of ORDER) {
    const parts = listRecorded(paths).filter((part) => match.test(part))
    const ended = await Promise.all(parts.map(async (part) => await stopPart(part, deadlineMs, paths, say)))
    stopped += ended.filter(Boolean).length
    if (match.test('-coturn')) stopped += await stopOrphans(paths, say)
  }
  return stopped
}

/** Stops one part as stopStack would. */
export async function stopAlone (part: string, paths: Paths, say: Say): Promise<void> {
  await stopPart(part, ORDER.find(({ match }) => match.test(part))?.deadlineMs ?? 0, paths, say)
}

async function stopPart (part: string, deadlineMs: number, paths: Paths, say: Say): Promise<boolean> {
  const record = readRecord(paths, part)
  const lives = record !== undefined && isAlive(record)
  if (lives) {
    if (part.endsWith('-relay-agent')) await untilShipped(record, paths)
    const how = await end(record, deadlineMs)
    say(part, how)
  } else if (record !== undefined && orphanOf(part, paths) === undefined) {
    say(part, `had died before, see ${paths.logFile(part)}`)
  }
  removeRecord(paths, part)
  return lives
}

/** TERM, and KILL if that was not enough. Resolves when the process is gone. */
async function end (living: Living, deadlineMs: number): Promise<string> {
  signal(living, 'SIGTERM')
  const deadline = performance.now() + deadlineMs
  while (isAlive(living) && performance.now() < deadline) await delay(LOOK_MS)
  if (!isAlive(living)) return 'stopped'
  signal(living, 'SIGKILL')
  while (isAlive(living)) await delay(LOOK_MS)
  return `killed: it had not stopped ${deadlineMs / 1000} s after it was asked to`
}

function signal ({ pid }: Living, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** The turnserver of a coturn part; beside a dead supervisor it is an orphan. */
function orphanOf (part: string, paths: Paths): Living | undefined {
  return part.endsWith('-coturn') ? findTurnserver(paths.node(part.replace(/-coturn$/, '')).coturnRun) : undefined
}

async function stopOrphans (paths: Paths, say: Say): Promise<number> {
  const nodes = existsSync(paths.nodes) ? readdirSync(paths.nodes) : []
  let stopped = 0
  for (const id of nodes) {
    const orphan = findTurnserver(paths.node(id).coturnRun)
    if (orphan === undefined) continue
    const how = await end(orphan, ORPHAN_MS)
    say(`${id}-coturn`, `turnserver, pid ${orphan.pid}, ran without its supervisor: ${how}; its open sessions close as lost`)
    stopped += 1
  }
  return stopped
}

/** Waits until the ledger has applied all that the agent shipped; what is left waits on disk for the next start. */
async function untilShipped (agent: ProcessRecord, paths: Paths): Promise<void> {
  // a node that joined has its centre elsewhere
  const receivers = existsSync(paths.joined) ? [] : ['ledger', 'central-redis'].map((part) => readRecord(paths, part))
  if (!receivers.every((record) => record !== undefined && isAlive(record))) return
  const deadline = performance.now() + SHIPPED_MS
  while (isAlive(agent) && performance.now() < deadline) {
    if (await readOutbox(agent.ops) === 0) return
    await delay(5 * LOOK_MS)
  }
}

/** Batches not yet applied; undefined where the agent does not say. */
async function readOutbox (ops: string): Promise<number | undefined> {
  try {
    const response = await fetch(new URL('/metrics', ops), { signal: AbortSignal.timeout(1_000) })
    const value = /^spillway_agent_outbox_batches (\d+)/m.exec(await response.text())?.[1]
    return value === undefined ? undefined : Number(value)
  } catch {
    return undefined
  }
}
