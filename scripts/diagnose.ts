import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { openContainers } from './compose/open-containers.ts'
import { expectContainers } from './diagnose/expect-containers.ts'
import { expectProcesses } from './diagnose/expect-processes.ts'
import { examineStack } from './diagnose/examine-stack.ts'
import { tellShort, tellWhole } from './diagnose/finding.ts'
import { runCommand } from './native/operator-error.ts'
import { pathsOf } from './native/paths.ts'
import { stateFolderOf } from './native/settings.ts'

const repository = resolve(import.meta.dirname, '..')

/** Finds out what keeps calls from being relayed here; see ./scripts/doctor --help. */
await runCommand(async () => {
  const { values: { json, short } } = parseArgs({ options: { json: { type: 'boolean' }, short: { type: 'boolean' } } })
  const paths = pathsOf(stateFolderOf(process.env, repository))
  const containers = openContainers(process.env, paths, repository)
  const findings = await examineStack(containers === undefined ? expectProcesses(process.env, paths, repository) : expectContainers(containers, paths, repository), paths)
  const text = json ? JSON.stringify({ findings }, null, 2) : short ? tellShort(findings) : `${tellWhole(findings)}\n${tellShort(findings).replace(' (./scripts/doctor tells all)', '')}`
  process.stdout.write(`${text}\n`)
  return findings.some(({ level }) => level === 'fail') ? 1 : 0
})
