import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import type { Test } from 'tap'

const SCRIPTS = resolve(import.meta.dirname, '../../scripts')
/** Less than a test file has: a mirror that hangs shall be told as what it is. */
const PATIENCE_MS = 45_000

/** The turnserver of Debian sid, a path: without it half of a fleet would go untested. */
export const sidTurnserver = (t: Test): string | undefined => fetchSid(t, 'coturn')

/** The folder with promtool and amtool of Debian sid. */
export const sidPrometheus = (t: Test): string | undefined => fetchSid(t, 'prometheus')

/** Undefined where it is switched off knowingly (`SPILLWAY_TEST_<NAME>_SID=0`), and where it cannot be had, which fails the test. */
function fetchSid (t: Test, name: 'coturn' | 'prometheus'): string | undefined {
  const variable = `SPILLWAY_TEST_${name.toUpperCase()}_SID`
  if (process.env[variable] === '0') {
    t.pass(`the ${name} of Debian sid is switched off by ${variable}=0`)
    return undefined
  }
  const { status, stdout, stderr } = spawnSync(`${SCRIPTS}/${name}-sid`, { encoding: 'utf8', timeout: PATIENCE_MS })
  if (status === 0) return stdout.trim()
  t.fail(`the ${name} of Debian sid cannot be had; ${variable}=0 leaves it out`, { stderr })
  return undefined
}
