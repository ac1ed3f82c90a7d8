import { createServer } from 'node:http'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { launch } from 'puppeteer-core'
import t from 'tap'
import { until } from '../../scripts/until.ts'
import { appUsage, ledgerSessions } from '../helpers/calls.ts'
import { sum } from '../helpers/counts.ts'
import { startStack } from '../helpers/stack.ts'
import { listenToCoturn } from '../helpers/witness.ts'

const MEGABYTES_5 = 5_000_000
const stack = await startStack(t, { slot: 6 })
const witness = await listenToCoturn(t, stack)

for (const transport of ['udp', 'tcp'] as const) {
  t.test(`two peers in Chromium exchange 5 MB each way through the relay over ${transport}`, async t => {
    const app = `browser-${transport}`
    const key = await stack.createApp(app)

    // the app's own server: it holds the secret key, the page gets the reply as it is
    const page = await readFile(new URL('../fixtures/call.html', import.meta.url))
    const server = createServer(async (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
      if (pathname === '/ice') response.setHeader('content-type', 'application/json').end(JSON.stringify((await stack.issue(key, { user: searchParams.get('user'), room: 'call' })).body))
      else response.setHeader('content-type', 'text/html').end(page)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => { server.close() })

    const profile = await mkdtemp(join(tmpdir(), 'spillway-chromium-'))
    const browser = await launch({
      executablePath: '/usr/bin/chromium',
      userDataDir: profile,
      args: [
        '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', '--allow-loopback-in-peer-connection',
        // a client behind a firewall that drops UDP: the reply is the same, only its tcp URL gets through
        ...transport === 'tcp' ? ['--webrtc-ip-handling-policy=disable_non_proxied_udp'] : []
      ]
    })
    t.teardown(async () => {
      await browser.close()
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    })
    const tab = await browser.newPage()
    await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    const result = await tab.evaluate(async bytes => await (globalThis as any).call(bytes), MEGABYTES_5) as { arrived: number[], pairs: object[] }

    t.same(result.arrived, [MEGABYTES_5, MEGABYTES_5])
    t.match(result.pairs, [
      { local: 'relay', remote: 'relay', relayProtocol: transport },
      { local: 'relay', remote: 'relay', relayProtocol: transport }
    ], 'relay on both ends')
    await until('the sessions of the call have ended in the ledger', async () =>
      (await ledgerSessions(stack, app, 'open')).length === 0 && ((await appUsage(stack, app)).bytesIn ?? 0) >= 2 * MEGABYTES_5, 30_000)
    const { lostSessions, packetsIn, bytesIn, packetsOut, bytesOut } = await appUsage(stack, app)
    t.equal(lostSessions, 0)
    t.same({ packetsIn, bytesIn, packetsOut, bytesOut }, sum([...new Set((await ledgerSessions(stack, app, 'ended')).map(({ userTag }) => userTag))].map(witness.sumOf)), "the ledger holds coturn's own totals")
  })
}

t.test('no log of this run holds a secret', stack.searchLogs)
