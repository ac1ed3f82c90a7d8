import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'

const run = promisify(execFile)
const ROOT = resolve(import.meta.dirname, '../../..')
const folder = await mkdtemp(join(tmpdir(), 'spillway-simulate-'))
t.teardown(async () => { await rm(folder, { recursive: true, force: true }) })
const [trace, fleet] = [join(folder, 'trace.csv'), join(folder, 'fleet.json')]
const simulate = async (...args: string[]) => await run(join(ROOT, 'node_modules/.bin/node'), ['scripts/simulate.ts', ...args], { cwd: ROOT, maxBuffer: 1 << 27 })
  .then(({ stdout }) => ({ code: 0, stdout, stderr: '' }), ({ code, stdout, stderr }: { code: number, stdout: string, stderr: string }) => ({ code, stdout, stderr }))

await writeFile(fleet, JSON.stringify({ nodes: [1, 2].map(number => ({ id: `eu-${number}`, region: 'eu', capacityMbps: 100, maxAllocations: 4_000 })) }))

t.test('a trace is made, simulated, drawn and planned for', async t => {
  const { stdout: csv } = await simulate('trace', 'flash', '--fleet', fleet, '--seed', '2')
  await writeFile(trace, csv)
  const picture = join(folder, 'load.svg')
  const { code, stdout } = await simulate('--trace', trace, '--fleet', fleet, '--json', '--plot', picture)
  t.equal(code, 0)
  const report = JSON.parse(stdout)
  const { requests, bytes, spillBytes, referenceSpillBytes, spillRatio, costMicroUsd, nodeSeconds, series } = report
  t.equal(requests, csv.trim().split('\n').length - 1)
  t.equal(spillRatio, Math.round(spillBytes / referenceSpillBytes * 10_000) / 10_000)
  t.equal(bytes.cloudflare, spillBytes)
  t.match(costMicroUsd, { cloudflare: /^[1-9]\d*$/, coturn: null }, 'nobody said what an own node costs')
  t.equal(nodeSeconds, series.length * 60 * 2)
  t.equal(series.reduce((sum: number, minute: { requests: number }) => sum + minute.requests, 0), requests)
  t.match(report.naive, { spillRatio: Number, saturatedNodeSeconds: Number })
  t.match(await readFile(picture, 'utf8'), /^<svg [^]*<polyline [^]*<\/svg>\n$/)

  t.match((await simulate('--trace', trace, '--fleet', fleet)).stdout, /spillway +naive threshold +reference/)
  const plan = await simulate('plan', '--trace', trace, '--fleet', fleet, '--node-usd', '40')
  t.match(plan.stdout, /^2 nodes, as it is /m)
  t.match(plan.stdout, /^Cheapest is the fleet .*cloudflare|^Cheapest is the fleet .*twilio/m)
})

t.test('what is missing or wrong is said, with status 2', async t => {
  await writeFile(join(folder, 'bad.csv'), 'nonsense\n')
  for (const [args, said] of [
    [['--fleet', fleet], /--trace is missing/],
    [['--trace', trace, '--fleet', join(folder, 'none.json')], /cannot be read \(ENOENT\)/],
    [['--trace', join(folder, 'bad.csv'), '--fleet', fleet], /the first line must be/],
    [['plan', '--trace', trace, '--fleet', fleet], /what a node costs a month/],
    [['dance'], /there is no command "dance"/],
    [['trace', 'square', '--fleet', fleet], /trace takes one of day, flash/],
    [['--speed'], /Try --help/]
  ] as const) {
    const { code, stderr } = await simulate(...args)
    t.equal(code, 2, String(said))
    t.match(stderr, said)
    t.notMatch(stderr, /^ {4}at /m)
  }
  t.match(await simulate('--help'), { code: 0, stdout: /^Usage: / })
})
