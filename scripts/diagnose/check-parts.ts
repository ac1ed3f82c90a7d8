import { existsSync } from 'node:fs'
import { OperatorError } from '../native/operator-error.ts'
import { checkPorts } from '../native/ports.ts'
import { ask } from '../native/probe.ts'
import { isAlive, readRecord } from '../native/process-record.ts'
import { fail, ok, warn } from './finding.ts'
import type { Finding } from './finding.ts'
import type { Part } from '../native/part.ts'
import type { Paths } from '../native/paths.ts'

/** Each process of ours: does it run, where it shall, and can it do its work? Both kinds of Redis are asked with their passwords. */
export async function checkParts (parts: readonly Part[], paths: Paths): Promise<Finding[]> {
  return (await Promise.all(parts.map(async part => await checkPart(part, paths)))).flat()
}

async function checkPart (part: Part, paths: Paths): Promise<Finding[]> {
  const lacks = await ask(part.probe)
  if (lacks === undefined) return await checkDegraded(part)
  const record = readRecord(paths, part.name)
  const log = paths.logFile(part.name)
  if (record !== undefined && isAlive(record)) {
    const listens = part.ports.map(({ protocol, host, port }) => `${protocol} ${host}:${port}`).join(',')
    return [record.listens === listens
      ? fail(part.name, `runs and cannot do its work: ${lacks}`, `see ${log}`)
      : fail(part.name, `runs on ${record.listens}, and not on ${listens}`, 'give doctor the settings up was given, or ./scripts/down, then up')]
  }
  const taken = await checkPorts(part.name, part.ports).then(() => undefined, (error: unknown) => error instanceof OperatorError ? error.message : String(error))
  if (taken !== undefined) return [fail(part.name, taken.replace(/ What was started .*$/, ''), 'then ./scripts/up')]
  return [existsSync(log)
    ? fail(part.name, `does not run: ${lacks}`, `see ${log}; ./scripts/up starts it again`)
    : fail(part.name, 'was never started', './scripts/up')]
}

/** A process that serves with something away says so at /readyz. */
export async function checkDegraded ({ name, probe }: Part): Promise<Finding[]> {
  if (probe.kind !== 'http') return [ok(name, 'answers')]
  const { degraded = {} } = await (await fetch(probe.url)).json() as { degraded?: Record<string, string> }
  const words = Object.values(degraded)
  return [words.length === 0 ? ok(name, 'ready') : warn(name, words.join('; '), 'it serves all the same; the other findings say why')]
}
