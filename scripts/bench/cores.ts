import { spawn, spawnSync } from 'node:child_process'
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

/** Ends by itself when the bench does, however that ends. */
const SPIN = 'const parent = process.ppid; while (process.ppid === parent);'

/**
 * Keeps the other core from falling asleep, at the lowest priority. Whoever asks has to wait for a slower server and not
 * for a faster one, and waking a sleeping core costs the sender of an answer several microseconds: the slower one would
 * pay for that as well. Returns how to end it. Call it behind leaveMeasuredCore, whose core it shares.
 */
export function keepOtherCoreAwake (): () => void {
  const spinner = spawn('nice', ['-n', '19', process.execPath, '-e', SPIN], { stdio: 'ignore' })
  return () => { spinner.kill() }
}
