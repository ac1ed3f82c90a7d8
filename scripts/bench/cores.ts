import { spawnSync } from 'node:child_process'
import { availableParallelism, platform } from 'node:os'
import { OperatorError } from '../native/operator-error.ts'

/** What is measured has a core to itself; whoever asks, and every Redis, shares the other one. */
export const MEASURED_CORE = 0
export const OTHER_CORE = 1

/** Moves this process to the other core. @throws OperatorError where the machine cannot keep the two apart */
export function leaveMeasuredCore (): void {
  if (platform() !== 'linux' || availableParallelism() < 2) throw new OperatorError('bench needs Linux with two cores: what is measured must not share one with whoever asks')
  const { error, status } = spawnSync('taskset', ['-acp', String(OTHER_CORE), String(process.pid)], { stdio: 'ignore' })
  if (error || status !== 0) throw new OperatorError(`bench could not bind itself to core ${OTHER_CORE} with taskset (Debian: apt-get install util-linux)`)
}
