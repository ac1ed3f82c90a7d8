import { parseArgs } from 'node:util'
import { leaveMeasuredCore } from './bench/cores.ts'
import { openLab } from './bench/lab.ts'
import type { Lab } from './bench/lab.ts'
import { measureCredentials, summarizeCredentials } from './bench/measure-credentials.ts'
import { measureMemory } from './bench/measure-memory.ts'
import { measureScrape } from './bench/measure-large-fleet.ts'
import { measureUsage } from './bench/measure-usage.ts'
import { OperatorError, runCommand } from './native/operator-error.ts'

const HELP = `Usage: npm run --silent bench -- [options] > result.json

Measures the real processes against the least their work could cost. Prints one JSON; what happens meanwhile goes to
standard error. Needs Linux with two cores, redis-server and coturn; takes a few minutes, and leaves nothing behind.

  --only NAME                      one of those below; without it all of them, one after the other
  --pairs N                        measurements of ours and of bare in turn, of which the medians are told: 1 to 50 (5);
                                   of credentials each in processes of its own
  --profile FOLDER                 keep a CPU profile of each of our processes there
  --help                           print this

credentials  the control plane beside a bare Fastify that answers as many bytes; ratio is the CPU time a request of bare
             over that of ours, so 1 is as cheap as bare; p99Ratio is p99 of ours over that of bare, at half of bare's rate
usage        agent and ledger beside a bare subscriber that hears the same events; ratio is the events per CPU second of
             ours over those of bare
memory       resident bytes of agent and ledger that 10,000 live sessions cost
scrape       1,000 nodes and 2,000 apps: p99 of issuing while metrics are read each second over that without, and how long
             a reading takes of control plane, ledger and prober
`
const note = (text: string): void => { process.stderr.write(`${text}\n`) }
const say = (part: string, what: string): void => { note(`${part.padEnd(20)} ${what}`) }

/** Measures in a lab of its own. */
async function inLab<Result> (nodes: number, profileFolder: string | undefined, measure: (lab: Lab) => Promise<Result>): Promise<Result> {
  const lab = await openLab({ nodes, profileFolder, say })
  try {
    return await measure(lab)
  } finally {
    await lab.close()
  }
}

const BENCHMARKS: Record<string, (pairs: number, profileFolder: string | undefined) => Promise<unknown>> = {
  credentials: async (count, profileFolder) => {
    const pairs = []
    while (pairs.length < count) pairs.push(await inLab(1, profileFolder, measureCredentials))
    return summarizeCredentials(pairs, note)
  },
  // the second node has only a Redis, for what is compared
  usage: async (pairs, profileFolder) => await inLab(2, profileFolder, async lab => await measureUsage(lab, pairs, note)),
  memory: async (pairs, profileFolder) => await inLab(1, profileFolder, async lab => await measureMemory(lab, pairs, note)),
  // all of its nodes are made up
  scrape: async (pairs, profileFolder) => await inLab(1, profileFolder, async lab => await measureScrape(lab, pairs, note))
}

await runCommand(async () => {
  const { only, pairs, profileFolder, help } = readArguments()
  if (help) {
    process.stdout.write(HELP)
    return 0
  }
  // whatever runs is ended by the lab as this process exits
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { process.exit(130) })
  process.umask(0o077)
  leaveMeasuredCore()
  const results: Record<string, unknown> = {}
  for (const name of only) {
    const measure = BENCHMARKS[name] ?? raise(name)
    results[name] = await measure(pairs, profileFolder)
  }
  process.stdout.write(`${JSON.stringify(results, null, 2)}\n`)
  return 0
})

function raise (name: string): never {
  throw new OperatorError(`--only takes one of ${Object.keys(BENCHMARKS).join(', ')}, not ${name}`, 2)
}

function readArguments () {
  const options = { only: { type: 'string' }, pairs: { type: 'string', default: '5' }, profile: { type: 'string' }, help: { type: 'boolean', default: false } } as const
  try {
    const { values } = parseArgs({ options })
    if (!/^[1-9]$|^[1-4]\d$|^50$/.test(values.pairs)) throw new Error('--pairs takes a number from 1 to 50')
    return { only: values.only === undefined ? Object.keys(BENCHMARKS) : [values.only], pairs: Number(values.pairs), profileFolder: values.profile, help: values.help }
  } catch (error) {
    throw new OperatorError(`${(error as Error).message}\nTry --help.`, 2)
  }
}
