import t from 'tap'
import type { Test } from 'tap'
import type { Kick } from '../../../services/domain/kick.ts'
import { createAgentMetrics } from '../../../services/relay-agent/agent-metrics.ts'
import { createKicker } from '../../../services/relay-agent/kick-sessions.ts'
import { createMetrics } from '../../../services/runtime/metrics.ts'
import { GREETING, startFakeCli } from '../../helpers/fake-cli.ts'

const ADA = 'a'.repeat(24)
const END_MS = 1_000_000
const kick: Kick = { userTag: ADA, untilMs: END_MS }
const CENTRE_IS_AWAY = true

/** A kicker with a clock of its own, on whose coturn ada has a new session at each look. */
async function startKicker (t: Test) {
  const cli = await startFakeCli(t)
  let [nowMs, allocation, cancelled] = [0, 0, 0]
  cli.conduct = socket => {
    socket.on('data', chunk => {
      if (chunk.toString().startsWith('cs ')) cancelled += 1
      socket.write('\r\n> ')
    })
    socket.write(GREETING)
  }
  const kicker = createKicker({
    cli: cli.options,
    boot: () => 'boot-1',
    live: () => new Map([[String(++allocation).padStart(18, '0'), { username: `1:shop.${ADA}.${'0'.repeat(24)}` }]]),
    readBoot: async () => 'boot-1',
    logger: { info: () => {} } as never,
    metrics: createAgentMetrics(createMetrics('relay-agent', '0')),
    now: () => nowMs
  })
  /** whether it ends a session of ada at this time */
  return async (atMs: number, wanted: Kick[], isRecalled = false): Promise<boolean> => {
    nowMs = atMs
    const before = cancelled
    kicker.obey(wanted, isRecalled)
    await kicker.kick()
    return cancelled > before
  }
}

t.test('a clock that is ahead ends no kick the control plane still wants', async t => {
  const kicks = await startKicker(t)
  t.ok(await kicks(END_MS + 3_600_000, [kick]))
  t.ok(await kicks(END_MS + 3_600_000, [kick]), 'not only once')
  t.notOk(await kicks(END_MS + 3_600_000, []), 'until it is taken back')
})

t.test('of what was wanted last, by its own clock', async t => {
  const kicks = await startKicker(t)
  t.ok(await kicks(END_MS - 1, [kick], CENTRE_IS_AWAY))
  t.notOk(await kicks(END_MS, [kick], CENTRE_IS_AWAY))
  t.notOk(await kicks(END_MS + 1, [kick]), 'one that ended in an outage does not begin again behind it')
  t.ok(await kicks(END_MS + 2, [{ ...kick, untilMs: END_MS + 60_000 }]), 'another end is another kick')
})

t.test('an agent started in an outage does no kick that is over', async t => {
  const kicks = await startKicker(t)
  t.notOk(await kicks(END_MS + 1, [kick], CENTRE_IS_AWAY))
})
