import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Test } from 'tap'

const FOLDER = resolve(import.meta.dirname, '../../infra/prometheus')
/** Two thousand evaluations of all rules, on a machine that does other things. */
const PATIENCE_MS = 240_000

/** That this promtool has nothing to say of configuration and rules, and sees each alert fire and be silent when it should. */
export function checkWithPromtool (t: Test, promtool: string): void {
  t.setTimeout(PATIENCE_MS)
  const run = (what: string, ...args: string[]) => t.test(what, async t => {
    const child = spawn(promtool, args, { cwd: FOLDER, stdio: ['ignore', 'pipe', 'pipe'] })
    const output: string[] = []
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => output.push(text))
    const [code] = await once(child, 'close') as [number | null]
    t.equal(code, 0, what, { output: output.join('').replaceAll(/\n\s*\n/g, '\n') })
  })
  run('check config', 'check', 'config', 'prometheus.yml')
  run('check rules', 'check', 'rules', ...globSync('rules/*.yml', { cwd: FOLDER }))
  run('test rules', 'test', 'rules', ...globSync('tests/*.yml', { cwd: FOLDER }))
}
