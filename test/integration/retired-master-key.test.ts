import t from 'tap'
import type { Test } from 'tap'
import { addMasterKey, openKeyRing, openMasterKey, retireMasterKey } from '../../services/domain/key-ring.ts'
import { newNonce } from '../../services/runtime/new-nonce.ts'
import type { Redis } from '../../services/store/connect.ts'
import { keepKeyRing } from '../../services/store/key-ring.ts'
import { centralKeys } from '../../services/store/keys.ts'
import { registerNode } from '../helpers/central-state.ts'
import { startOwnProcess } from '../helpers/own-process.ts'
import { startRedisServer } from '../helpers/redis-server.ts'
import type { RedisServer } from '../helpers/redis-server.ts'

const MASTER_KEY = 'm'.repeat(40)
const central = [
  { name: 'control-plane', settings: { SPILLWAY_ADMIN_TOKEN: 'a'.repeat(20), SPILLWAY_CONTROL_PLANE_PORT: '0', SPILLWAY_CONTROL_PLANE_OPS_PORT: '0' } },
  { name: 'ledger', settings: { SPILLWAY_LEDGER_OPS_PORT: '0' } }
] as const

/** A centre whose fleet has gone on to a new master key, and has retired the one the processes here are configured with. */
async function retire (redis: Redis): Promise<void> {
  const keyRing = keepKeyRing(redis, MASTER_KEY, Date.now)
  await keyRing.begin()
  const both = addMasterKey(keyRing.ring, openMasterKey('n'.repeat(40), null), newNonce)
  const ring = openKeyRing(both, ['n'.repeat(40)], Date.now())
  await redis.set(centralKeys.masterKeys, JSON.stringify(retireMasterKey(ring, ring.keys[0] ?? ring.current, new Date().toISOString(), newNonce)))
}

for (const { name, settings } of central) {
  const own = (t: Test, server: RedisServer) => startOwnProcess(t, name, { SPILLWAY_REDIS_URL: server.url(), SPILLWAY_MASTER_KEY: MASTER_KEY, ...settings })

  t.test(`${name} does not start with a retired master key, and says what to do`, async t => {
    const server = await startRedisServer(t, { variant: 'central' })
    await retire(await server.connect())
    const late = own(t, server)
    t.equal(await late.exit(15_000), 1)
    t.match(late.said.stdout, /"msg":"SPILLWAY_MASTER_KEY is the retired master key [0-9a-f]{16}: set it to the current one/)
    t.notMatch(late.said.stdout + late.said.stderr, new RegExp(MASTER_KEY))
  })

  t.test(`${name} that learns it only when its Redis comes stops by itself`, async t => {
    const server = await startRedisServer(t, { variant: 'central' })
    const redis = await server.connect()
    await retire(redis)
    await registerNode(redis, 'eu-1')
    await server.stop()
    const late = own(t, server)
    await late.started()
    await server.start()
    t.equal(await late.exit(15_000), 1)
    t.match(late.said.stdout, /"level":60,[^\n]*"msg":"SPILLWAY_MASTER_KEY is the retired master key/)
  })
}
