/**
 * Checks the import rules of .dependency-cruiser.cjs in the folder it is started in.
 * `--json` prints the violations as `[{ rule, files }]` instead of prose; `files` is the one at fault, or all of a cycle.
 * Exits 0 when all is well, 1 on a violation, 2 when the check itself did not read what it should have.
 */
import { existsSync, globSync } from 'node:fs'
import { resolve } from 'node:path'
import { cruise, type ICruiseResult, type IViolation } from 'dependency-cruiser'
import extractDepcruiseOptions from 'dependency-cruiser/config-utl/extract-depcruise-options'

const roots = ['services', 'scripts', 'test', 'grafana', 'infra'].filter((folder) => existsSync(folder))

const result = await cruiseRoots()
const unread = filesNotRead(result)
if (unread.length > 0) {
  console.error(`The import check is blind to ${unread.length} file(s), so it proves nothing:`)
  for (const path of unread) console.error(`  ${path}`)
  console.error('Is the installed typescript a version that dependency-cruiser can drive? See package.json.')
  process.exit(2)
}

const { violations, totalCruised, totalDependenciesCruised, ruleSetUsed } = result.summary
if (process.argv.includes('--json')) {
  console.log(JSON.stringify(violations.map(({ rule, from, cycle }) => ({
    rule: rule.name,
    files: cycle?.map(({ name }) => name) ?? [from]
  }))))
} else if (violations.length > 0) {
  printViolations(violations, new Map(ruleSetUsed?.forbidden?.map(({ name, comment }) => [name, comment])))
} else {
  console.log(`Import rules hold: ${totalCruised} modules, ${totalDependenciesCruised ?? 0} imports.`)
}
process.exitCode = violations.length > 0 ? 1 : 0

async function cruiseRoots (): Promise<ICruiseResult> {
  const options = await extractDepcruiseOptions(resolve('.dependency-cruiser.cjs'))
  const { output } = await cruise(roots, options)
  return output as ICruiseResult
}

/**
 * A cruise that reads nothing finds nothing wrong: with a TypeScript it does not support, dependency-cruiser passes over
 * every .ts file in silence. So the files on disk are the measure, and having none under services is a failure too.
 */
function filesNotRead ({ modules }: ICruiseResult): string[] {
  const onDisk = globSync(roots.map((root) => `${root}/**/*.ts`))
    .filter((path) => !path.includes('node_modules'))
  if (!onDisk.some((path) => path.startsWith('services/'))) return ['services/**/*.ts (no such file)']
  const read = new Set(modules.map(({ source }) => source))
  return onDisk.filter((path) => !read.has(path)).sort()
}

function printViolations (violations: IViolation[], reasons: Map<string | undefined, string | undefined>): void {
  for (const [name, broken = []] of Object.entries(Object.groupBy(violations, ({ rule }) => rule.name))) {
    console.error(`${name}: ${reasons.get(name) ?? ''}`)
    for (const { from, to, cycle, via } of broken) {
      const further = (cycle ?? via)?.map((step) => step.name) ?? [to].filter((path) => path !== from)
      console.error(`  ${[from, ...further].join(' -> ')}`)
    }
  }
  console.error(`${violations.length} violation(s) of the import rules.`)
}
