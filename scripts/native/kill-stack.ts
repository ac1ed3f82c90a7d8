import { existsSync, readdirSync } from 'node:fs'
import { findTurnserver, livingParts } from './process-record.ts'
import type { Paths } from './paths.ts'

/**
 * Ends all that lives of a stack at once, for one whose data are thrown away: nobody is asked to end in good order. A
 * turnserver is no child of ours, but of its supervisor.
 */
export function killStack (paths: Paths): void {
  const kill = ({ pid }: { pid: number }): void => { process.kill(pid, 'SIGKILL') }
  livingParts(paths).forEach(kill)
  const nodes = existsSync(paths.nodes) ? readdirSync(paths.nodes) : []
  nodes.flatMap((id) => findTurnserver(paths.node(id).coturnRun) ?? []).forEach(kill)
}
