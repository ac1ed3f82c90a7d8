import t from 'tap'
import type { Test } from 'tap'
import { createCoturnWatch } from '../../../services/relay-agent/watch-coturn.ts'
import { createAgentMetrics } from '../../../services/relay-agent/agent-metrics.ts'
import { createMetrics } from '../../../services/runtime/metrics.ts'
import { GREETING, silent, startFakeCli } from '../../helpers/fake-cli.ts'
import type { CliConduct } from '../../helpers/fake-cli.ts'

const answering: CliConduct = socket => { socket.write(GREETING) }
const resetting: CliConduct = socket => { socket.resetAndDestroy() }
const WELL = { version: '4.18.0', gone: false, missed: false }
const MISSED = { version: '4.18.0', gone: false, missed: true }
const SILENT = { version: null, gone: false, missed: true }
const GONE = { version: null, gone: true, missed: true }

async function watch (t: Test) {
  const cli = await startFakeCli(t)
  const said: string[] = []
  const logger = { error: () => { said.push('error') }, info: () => { said.push('info') } }
  const metrics = createAgentMetrics(createMetrics('relay-agent', '0'))
  const ask = createCoturnWatch({ cli: cli.options, logger, metrics })
  cli.conduct = answering
  t.same(await ask(), WELL)
  return {
    cli,
    said,
    ask: async (conduct: CliConduct) => {
      cli.conduct = conduct
      return await ask()
    },
    isUp: (): boolean => metrics.relayUp.value === 1
  }
}

t.test('one slow answer changes nothing, two in a row are a coturn that is gone', async t => {
  const { ask, said, isUp } = await watch(t)
  t.same(await ask(silent), MISSED)
  t.same(await ask(answering), WELL)
  t.same(await ask(silent), MISSED, 'it is counted anew')
  t.ok(isUp())
  t.same(said, [], 'nothing is said of it')
  t.same(await ask(resetting), SILENT)
  t.notOk(isUp())
  t.same(await ask(resetting), SILENT)
  t.same(said, ['error'], 'once')
  t.same(await ask(answering), WELL)
  t.same(said, ['error', 'info'])
  t.ok(isUp())
})

t.test('where nothing listens it is gone at once', async t => {
  const { cli, ask, said, isUp } = await watch(t)
  await cli.close()
  t.same(await ask(answering), GONE)
  t.notOk(isUp())
  t.same(said, [], 'it may just be being started')
  t.same(await ask(answering), GONE)
  t.same(said, ['error'])
})

t.test('one never seen is not there while it is slow', async t => {
  const cli = await startFakeCli(t)
  cli.conduct = resetting
  const ask = createCoturnWatch({ cli: cli.options, logger: { error: () => {}, info: () => {} }, metrics: createAgentMetrics(createMetrics('relay-agent', '0')) })
  t.same(await ask(), SILENT)
})
