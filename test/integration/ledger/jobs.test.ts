import { schedule } from 'node-cron'
import t from 'tap'
import { claimJobRun } from '../../../services/store/job-runs.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'
import { until } from '../../helpers/until.ts'

t.test('of two ledgers with the same schedule one runs each firing', async t => {
  const server = await startRedisServer(t, { variant: 'central' })
  const asked: string[] = []
  const ran: string[] = []
  for (const ledger of ['one', 'two']) {
    const redis = await server.connect()
    const runCoordinator = {
      shouldRun: async (key: string, ttlMs: number) => {
        asked.push(`${key} ${ledger}`)
        return await claimJobRun(redis, key, ttlMs)
      }
    }
    const task = schedule('* * * * * *', ({ triggeredAt }) => { ran.push(`${ledger} ${triggeredAt.getTime()}`) }, { name: 'tick', timezone: 'Etc/UTC', noOverlap: true, distributed: true, runCoordinator })
    t.teardown(async () => { await task.destroy() })
  }
  const bothAsked = () => [...new Set(asked.map(ask => ask.split(' ')[0]))].filter(key => ['one', 'two'].every(ledger => asked.includes(`${key} ${ledger}`)))
  await until('both have asked for two firings', () => bothAsked().length >= 2 && ran.length >= 2)
  const firings = new Set(asked.map(ask => ask.split(' ')[0]))
  t.ok(ran.length <= firings.size, `${firings.size} firings, run: ${ran.join(', ')}`)
})
