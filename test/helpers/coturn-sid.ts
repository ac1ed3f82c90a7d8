import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import type { Test } from 'tap'

const SCRIPT = resolve(import.meta.dirname, '../../scripts/coturn-sid')
/** Less than a test file has: a mirror that hangs shall be told as what it is. */
const PATIENCE_MS = 45_000

/**
 * The turnserver of Debian sid. Undefined where it is switched off knowingly (`SPILLWAY_TEST_COTURN_SID=0`), and where it
 * cannot be had, which fails the test: half of a fleet would go untested.
 */
export function sidTurnserver (t: Test): string | undefined {
  if (process.env.SPILLWAY_TEST_COTURN_SID === '0') {
    t.pass('the coturn of Debian sid is switched off by SPILLWAY_TEST_COTURN_SID=0')
    return undefined
  }
  const { status, stdout, stderr } = spawnSync(SCRIPT, { encoding: 'utf8', timeout: PATIENCE_MS })
  if (status === 0) return stdout.trim()
  t.fail('the coturn of Debian sid cannot be had; SPILLWAY_TEST_COTURN_SID=0 leaves it out', { stderr })
  return undefined
}
