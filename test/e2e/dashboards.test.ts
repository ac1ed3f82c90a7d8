import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const SECONDS = 60

interface Report {
  issued: Record<string, number>
  clientBytes: number
  ledgerBytes: number
  lostSessions: number
  queries: Array<{ key: string, panel: string, problems: string[] }>
  problems: string[]
}

t.test('a fleet that fills, spills and loses a relay is seen by a real Prometheus, on every dashboard, as it was', async t => {
  const { stdout } = await run('npm', ['run', '--silent', 'demo', '--', '--seconds', String(SECONDS), '--json', '--check'], { cwd: ROOT, timeout: 300_000, maxBuffer: 1 << 24 })
    .catch((error: Error & { stdout?: string, stderr?: string }) => {
      if (error.stdout?.startsWith('{')) return { stdout: error.stdout }
      throw new Error(`${error.message}\n${error.stderr?.slice(-2000)}`)
    })
  const { queries, problems, issued, clientBytes, ledgerBytes, lostSessions }: Report = JSON.parse(stdout)
  t.same(problems, [], 'clients, ledger and Prometheus agree, and every query is answered')
  for (const provider of ['coturn', 'cloudflare', 'twilio']) t.ok(Number(issued[provider]) > 0, `${provider} served: ${JSON.stringify(issued)}`)
  t.ok(lostSessions > 0, 'sessions died with their relay')
  t.comment(`clients ${clientBytes} bytes, ledger ${ledgerBytes}`)
  const asked = new Set(queries.map(({ key }) => key.split('/')[0]))
  t.same([...asked].sort(), ['spillway-control-plane', 'spillway-cost', 'spillway-fleet', 'spillway-overview', 'spillway-slo'])
})
