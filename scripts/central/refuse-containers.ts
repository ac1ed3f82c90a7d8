import { existsSync } from 'node:fs'
import { OperatorError } from '../native/operator-error.ts'
import { listRecorded } from '../native/process-record.ts'
import type { Paths } from '../native/paths.ts'

/**
 * What works on processes finds nothing where containers run, and would say of a system that works that it does not, or
 * put data where nobody reads it. Containers leave a folder of what they were given; processes a record each.
 * @throws OperatorError with exit code 2
 */
export function refuseContainers (paths: Paths, command: string, instead: string): void {
  if (!existsSync(paths.compose) || listRecorded(paths).length > 0) return
  throw new OperatorError(`${command}: what runs from ${paths.state} are containers, which this does not know: ${instead} (if they are gone for good: rm -r ${paths.compose})`, 2)
}
