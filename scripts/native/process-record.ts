import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { writePrivate } from './private-files.ts'
import type { Paths } from './paths.ts'

/** What is known of a process we started: its pid file, the pid on the first line, then `name value` lines. */
export interface ProcessRecord {
  pid: number
  /** boot of the machine and start of the process: a pid alone may belong to somebody else by now */
  started: string
  /** digest of command and environment */
  settings: string
  /** where it listens, `udp 127.0.1.1:3478` and so on, comma separated */
  listens: string
  /** where it is asked for its health; empty if it is not asked over HTTP */
  ops: string
}

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

/** State and start time of a process (proc(5), /proc/<pid>/stat fields 3 and 22); undefined if there is none. */
function statOf (pid: number): { state: string, startTicks: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // field 2 is the command in brackets and may hold spaces and brackets itself
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', startTicks: fields[19] ?? '' }
  } catch {
    return undefined
  }
}

/** Names one life of one process; undefined if the pid is free. */
export function identify (pid: number): string | undefined {
  const stat = statOf(pid)
  return stat && `${bootId()}:${stat.startTicks}`
}

/** True while this very process lives; a zombie does not. */
export function isAlive ({ pid, started }: Pick<ProcessRecord, 'pid' | 'started'>): boolean {
  return identify(pid) === started && !['Z', 'X'].includes(statOf(pid)?.state ?? 'X')
}

export function writeRecord (paths: Paths, part: string, { pid, ...rest }: ProcessRecord): void {
  writePrivate(paths.pidFile(part), [String(pid), ...Object.entries(rest).map(([name, value]) => `${name} ${value}`)].join('\n') + '\n')
}

/** Undefined if the part was never started, or was stopped. */
export function readRecord (paths: Paths, part: string): ProcessRecord | undefined {
  let lines: string[]
  try {
    lines = readFileSync(paths.pidFile(part), 'utf8').split('\n')
  } catch {
    return undefined
  }
  const value = (name: string): string => lines.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? ''
  return { pid: Number(lines[0]), started: value('started'), settings: value('settings'), listens: value('listens'), ops: value('ops') }
}

export function removeRecord (paths: Paths, part: string): void {
  rmSync(paths.pidFile(part), { force: true })
}

/** The parts that have a pid file. */
export function listRecorded (paths: Paths): string[] {
  if (!existsSync(paths.run)) return []
  return readdirSync(paths.run).filter((file) => file.endsWith('.pid')).map((file) => basename(file, '.pid')).sort()
}

/** What lives of the parts that have a pid file. */
export const livingParts = (paths: Paths): ProcessRecord[] =>
  listRecorded(paths).flatMap((name) => readRecord(paths, name) ?? []).filter(isAlive)

/** The turnserver of a node, whoever looks after it; its pid file names it, and its command line the node's own folder. */
export function findTurnserver (coturnRun: string): Pick<ProcessRecord, 'pid' | 'started'> | undefined {
  try {
    const pid = Number(readFileSync(join(coturnRun, 'turnserver.pid'), 'utf8'))
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    if (readFileSync(`/proc/${pid}/comm`, 'utf8').trim() !== 'turnserver' || !command.includes(join(coturnRun, 'turnserver.conf'))) return undefined
    const started = identify(pid)
    return started !== undefined && isAlive({ pid, started }) ? { pid, started } : undefined
  } catch {
    return undefined
  }
}
