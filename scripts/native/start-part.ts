import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { OperatorError } from './operator-error.ts'
import { checkPorts } from './ports.ts'
import { untilReady } from './probe.ts'
import { findTurnserver, identify, isAlive, readRecord, writeRecord } from './process-record.ts'
import type { Paths } from './paths.ts'
import type { ProcessRecord } from './process-record.ts'
import type { Part } from './part.ts'

/** A Redis that loads a long append-only file is what takes longest; one that ends is noticed at once. */
const READY_MS = 60_000
const LOG_LINES_SHOWN = 15
const LOG_BYTES_READ = 16 * 1024

export interface Starting {
  paths: Paths
  repository: string
  /** what every process gets: PATH and the like */
  baseEnvironment: Record<string, string>
  signal: AbortSignal
  say: (part: string, what: string) => void
}

/**
 * Sees to it that a part runs and is ready; says in one line what was done. A process that runs is left as it is.
 * @throws OperatorError where a port is taken, or the process ends or does not get ready
 */
export async function startPart (part: Part, starting: Starting): Promise<void> {
  const { paths, say, signal } = starting
  const settings = createHash('sha256').update(JSON.stringify([part.command, part.environment])).digest('hex')
  const listens = part.ports.map(({ protocol, host, port }) => `${protocol} ${host}:${port}`).join(',')
  const before = readRecord(paths, part.name)
  const orphan = part.coturnRun === undefined ? undefined : findTurnserver(part.coturnRun)
  signal.throwIfAborted()

  if (before !== undefined && isAlive(before)) {
    if (before.listens !== listens) throw new OperatorError(`${part.name} runs already, on ${before.listens} and not on ${listens}: ./scripts/down first, or take the same settings`)
    await waitReady(part, before, starting, undefined)
    say(part.name, `runs already, pid ${before.pid}${before.settings === settings ? '' : '; your settings differ from those it was started with: ./scripts/down, then up, applies them'}`)
  } else if (orphan !== undefined) {
    say(part.name, `runs already, pid ${orphan.pid}, but without its supervisor, which was killed: its sessions go on; ./scripts/down, then up, puts it right`)
  } else {
    await checkPorts(part.name, part.ports)
    const { child, logStart } = await spawnPart(part, starting)
    const record: ProcessRecord = { pid: child, started: identify(child) ?? 'ended at once', settings, listens, ops: part.probe.kind === 'http' ? part.probe.url : '' }
    writeRecord(paths, part.name, record)
    await waitReady(part, record, starting, logStart)
    say(part.name, `${before === undefined ? 'started' : 'had died, started again'}, pid ${child}`)
  }
}

async function waitReady (part: Part, record: ProcessRecord, { paths, signal }: Starting, logStart: number | undefined): Promise<void> {
  const lacks = await untilReady(part.probe, () => isAlive(record), { deadlineMs: READY_MS, signal })
  if (lacks === undefined) return
  const log = paths.logFile(part.name)
  throw new OperatorError(`${part.name} does not work: ${lacks}. The end of ${log}:\n${readTail(log, logStart ?? 0)}`)
}

/** A session of its own, so that no Ctrl-C reaches it; nothing to read, and one log to write to. */
async function spawnPart ({ name, command, environment }: Part, { paths, repository, baseEnvironment }: Starting): Promise<{ child: number, logStart: number }> {
  const log = openSync(paths.logFile(name), 'a', 0o600)
  try {
    const logStart = fstatSync(log).size
    const [program = '', ...args] = command
    const child = spawn(program, args, { cwd: repository, detached: true, stdio: ['ignore', log, log], env: { ...baseEnvironment, ...environment } })
    const failed = once(child, 'spawn').then(() => undefined, (error: Error) => error)
    const error = await failed
    if (error !== undefined || child.pid === undefined) throw new OperatorError(`${name} cannot start: ${error?.message}`)
    child.unref()
    return { child: child.pid, logStart }
  } finally {
    closeSync(log)
  }
}

/** The last lines of a log, of what was written from byte `start` on. */
function readTail (file: string, start: number): string {
  const log = openSync(file, 'r')
  try {
    const { size } = fstatSync(log)
    const from = Math.max(start, size - LOG_BYTES_READ)
    const bytes = Buffer.alloc(Math.max(0, size - from))
    readSync(log, bytes, 0, bytes.length, from)
    const lines = bytes.toString('utf8').trimEnd().split('\n')
    return lines.slice(-LOG_LINES_SHOWN).map((line) => `  ${line}`).join('\n')
  } finally {
    closeSync(log)
  }
}
