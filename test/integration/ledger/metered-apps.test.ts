import t from 'tap'
import { newApp, NO_RELAY_CAPS } from '../../../services/domain/app.ts'
import { createMeteredApps } from '../../../services/ledger/metered-apps.ts'
import { writeApp } from '../../../services/store/apps.ts'
import { applyUsage } from '../../../services/store/usage-ledger.ts'
import { write } from '../../helpers/central-state.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'
import { bookedRow, deliver } from '../../helpers/usage-rows.ts'

const redis = await (await startRedisServer(t, { variant: 'central' })).connect()
const shop = newApp('shop', '')
const capped = { ...shop, relayCaps: { ...NO_RELAY_CAPS, userGigabytesPerMonth: 1 } }

t.test('users are counted from when a cap on them is set, until it is taken away', async t => {
  const meteredApps = createMeteredApps(redis)
  t.equal((await meteredApps())('shop'), false, 'an app nobody knows')
  await write(redis, writeApp('shop', shop))
  t.equal((await meteredApps())('shop'), false)
  await write(redis, writeApp('shop', capped))
  t.equal((await meteredApps())('shop'), true)
  t.equal((await meteredApps())('chat'), false, 'of another app it says nothing')
  await write(redis, writeApp('shop', shop))
  t.equal((await meteredApps())('shop'), false)
})

t.test('of an app without such a cap the sum alone is kept', async t => {
  await applyUsage(redis, await deliver(redis, 'eu-1', 'log', 1), [bookedRow({ bytesIn: 5 })], () => false)
  t.same(await redis.zrange('relayed:202611:shop', '0', '-1'), ['*'])
  await applyUsage(redis, await deliver(redis, 'eu-1', 'log', 2), [bookedRow({ bytesIn: 7 })], () => true)
  t.same(await redis.zrange('relayed:202611:shop', '0', '-1', 'WITHSCORES'), [bookedRow().userTag, '2', '*', '7'])
})
