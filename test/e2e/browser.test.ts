import t from 'tap'
import { until } from '../../scripts/until.ts'
import { callInBrowser } from '../helpers/browser-call.ts'
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

    const result = await callInBrowser(t, {
      ice: async user => (await stack.issue(key, { user, room: 'call' })).body,
      bytes: MEGABYTES_5,
      // a client behind a firewall that drops UDP: the reply is the same, only its tcp URL gets through
      args: transport === 'tcp' ? ['--webrtc-ip-handling-policy=disable_non_proxied_udp'] : []
    })

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
