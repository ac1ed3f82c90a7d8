import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { parseUsd } from '../services/domain/money.ts'
import { findFlatPrice, readRateCard } from '../services/domain/rate-card.ts'
import type { RateCard } from '../services/domain/rate-card.ts'
import { DEFAULT_POLICY } from '../services/policy/settings.ts'
import type { Policy } from '../services/policy/settings.ts'
import { OperatorError, runCommand } from './native/operator-error.ts'
import { parseFleet } from './simulate/fleet.ts'
import type { Fleet } from './simulate/fleet.ts'
import { makeTrace, SHAPES } from './simulate/make-trace.ts'
import { naiveRule } from './simulate/naive-rule.ts'
import { makeOwnRule } from './simulate/own-rule.ts'
import { fleetSizes, priceSize, tellPlan } from './simulate/plan-fleet.ts'
import { plot } from './simulate/plot.ts'
import { referenceRule } from './simulate/reference-rule.ts'
import { makeReport, tellReport } from './simulate/report.ts'
import { runRule } from './simulate/run-rule.ts'
import { parseTrace, writeTrace } from './simulate/trace.ts'

const HELP = `Usage: npm run --silent simulate -- [command] [options]

Drives the policy of the control plane through simulated time, over a trace of credentials that were asked for.

  --trace FILE --fleet FILE            what would be spilled, beside what cannot be avoided and what a bare threshold does
  plan --trace FILE --fleet FILE       what one more node would save, or one less cost: the cheapest size and why
  trace SHAPE --fleet FILE             prints a trace made for this fleet: ${Object.keys(SHAPES).join(', ')}

  --json            the whole result, with a series of minutes
  --plot FILE.svg   draws load, capacity and spill
  --seed N          of a trace that is made, or of the draws by which nodes are chosen (1)
  --spill-to NAME   cloudflare or twilio (cloudflare)
  --node-usd N      plan: what a node costs a month, in dollars, where the rate card does not say
  --rate-card FILE  prices (infra/rate-card.json)
  --help            print this

A trace is a CSV, one line a credential: start_s,duration_s,kbps_up,kbps_down,region,room,relayed. Relayed 1 loads its node
with both rates for its duration; each credential holds an idle allocation per URL for 30 s.
A fleet is JSON: {"nodes":[{"id":"eu-1","region":"eu","capacityMbps":1000,"maxAllocations":4000}],"neighbours":{"eu":["us"]},
"policy":{"enter":0.9,"leave":0.75,"dwellSeconds":30,"rampSeconds":60}}; the last two may be left out.
`
const MS_A_SECOND = 1000
const OPTIONS = {
  trace: { type: 'string' },
  fleet: { type: 'string' },
  seed: { type: 'string', default: '1' },
  json: { type: 'boolean', default: false },
  plot: { type: 'string' },
  'spill-to': { type: 'string', default: 'cloudflare' },
  'node-usd': { type: 'string' },
  'rate-card': { type: 'string', default: resolve(import.meta.dirname, '../infra/rate-card.json') },
  help: { type: 'boolean', default: false }
} as const

await runCommand(async () => {
  const { values, positionals: [command = 'compare', ...more] } = readArguments()
  if (values.help) return print(HELP)
  const seed = Number(values.seed)
  const fleet = parseFleet(read(values.fleet, '--fleet'), String(values.fleet))
  if (command === 'trace') return print(writeTrace(makeTrace({ shape: shapeOf(more[0]), seed, regionMegabits: regionMegabits(fleet) })))

  const calls = parseTrace(read(values.trace, '--trace'), String(values.trace))
  if (calls.length === 0) throw new OperatorError(`${values.trace} holds no credential`, 2)
  const spillTo = values['spill-to'] as 'cloudflare' | 'twilio'
  const card = cardOf(values['rate-card'])
  const options = { spillTo, neighbours: fleet.neighbours }
  const own = makeOwnRule(policyOf(fleet), seed)
  if (command === 'plan') {
    const nodeMicroUsd = priceOfNode(card, fleet, values['node-usd'])
    return print(tellPlan(fleetSizes(fleet.nodes).map(size => priceSize(size, runRule(own, calls, size.plans, options), card, nodeMicroUsd))))
  }
  const report = makeReport(runRule(own, calls, fleet.nodes, options), runRule(naiveRule, calls, fleet.nodes, options), runRule(referenceRule, calls, fleet.nodes, options), card)
  if (values.plot !== undefined) writeFileSync(values.plot, plot(report.series, fleet.nodes.reduce((sum, { capacityMegabits }) => sum + capacityMegabits, 0), `${values.trace} on ${fleet.nodes.length} nodes`))
  return print(values.json ? `${JSON.stringify(report, null, 2)}\n` : tellReport(report, spillTo))
})

function print (text: string): number {
  process.stdout.write(text)
  return 0
}

function readArguments () {
  try {
    const parsed = parseArgs({ options: OPTIONS, allowPositionals: true })
    const { values: { seed, 'spill-to': spillTo }, positionals: [command = 'compare'] } = parsed
    if (!['compare', 'plan', 'trace'].includes(command)) throw new Error(`there is no command "${command}"`)
    if (!/^\d{1,9}$/.test(seed)) throw new Error('--seed takes a number')
    if (spillTo !== 'cloudflare' && spillTo !== 'twilio') throw new Error('--spill-to takes cloudflare or twilio')
    return parsed
  } catch (error) {
    throw new OperatorError(`${(error as Error).message}\nTry --help.`, 2)
  }
}

function read (file: string | undefined, option: string): string {
  if (file === undefined) throw new OperatorError(`${option} is missing\nTry --help.`, 2)
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new OperatorError(`${option}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`, 2)
  }
}

function shapeOf (name: string | undefined) {
  const shape = SHAPES[name ?? '']
  if (!shape) throw new OperatorError(`trace takes one of ${Object.keys(SHAPES).join(', ')}`, 2)
  return shape
}

/** Of the regions of a fleet, what one can carry; a trace of several regions loads all alike. */
function regionMegabits ({ nodes }: Fleet): number {
  const regions = new Set(nodes.map(({ region }) => region))
  return nodes.reduce((sum, { capacityMegabits }) => sum + capacityMegabits, 0) / regions.size
}

function policyOf ({ neighbours, policy: { enter, leave, dwellSeconds, rampSeconds } }: Fleet): Policy {
  return {
    ...DEFAULT_POLICY,
    neighbours,
    ...enter === undefined ? {} : { enter },
    ...leave === undefined ? {} : { leave },
    ...dwellSeconds === undefined ? {} : { dwellMs: dwellSeconds * MS_A_SECOND },
    ...rampSeconds === undefined ? {} : { rampMs: rampSeconds * MS_A_SECOND }
  }
}

function cardOf (file: string): RateCard {
  const { card, problems } = readRateCard(read(file, '--rate-card'))
  if (!card) throw new OperatorError(`--rate-card: ${file}: ${problems.join('; ')}`, 2)
  return card
}

function priceOfNode (card: RateCard, { nodes }: Fleet, usd: string | undefined): bigint {
  try {
    if (usd !== undefined) return parseUsd(usd)
  } catch (error) {
    throw new OperatorError(`--node-usd: ${(error as Error).message}`, 2)
  }
  const price = findFlatPrice(card, nodes[0]?.region ?? '*')
  if (price === undefined) throw new OperatorError('the rate card does not say what a node costs a month: add usdPerNodeMonth to a price of coturn, or give --node-usd', 2)
  return price
}
