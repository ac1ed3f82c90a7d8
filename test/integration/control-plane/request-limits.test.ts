import t from 'tap'
import { until } from '../../../scripts/until.ts'
import { createRequestLimits } from '../../../services/control-plane/request-limits.ts'
import { holdLimit } from '../../../services/policy/spend-tokens.ts'
import type { HeldLimit } from '../../../services/policy/spend-tokens.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'

const server = await startRedisServer(t, { variant: 'central' })
const redis = await server.connect()

for (const away of [false, true]) {
  t.test(`a lease that is in use is the same for all who hold it, however many others come in between${away ? ', while Redis is away' : ''}`, async t => {
    let errors = 0
    const limits = createRequestLimits(redis, Date.now, () => { errors += 1 })
    t.teardown(async () => { await limits.stop() })
    if (away) await server.stop()
    const spends = async (held: HeldLimit): Promise<boolean> => (await limits.spend([{ held, scope: 'of this app', perMinute: 1 }])).spent
    const first = holdLimit(`app:${away}`)
    await until('its minute and its lease are used up', async () => !await spends(first))

    const payments = async (): Promise<number> => away ? errors : Number(/^cmdstat_evalsha:calls=(\d+)/m.exec(await redis.info('commandstats'))?.[1] ?? 0)
    // a hundred thousand are held at a time
    for (const round of [1, 2, 3]) {
      for (let user = 0; user < 40_000; user++) await limits.spend([{ held: holdLimit(`user:${round}:${user}`), scope: 'for this user', perMinute: 1_000 }])
      const before = await payments()
      await until('what is owed was asked for again', async () => await payments() > before + 1)
    }
    t.equal(await spends(holdLimit(first.name)), false)
  })
}
