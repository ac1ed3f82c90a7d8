import { once } from 'node:events'
import { Redis } from 'ioredis'
import { realmOf } from '../../services/domain/node.ts'
import { deriveKeys } from '../../services/domain/turn-credential.ts'
import { coturnKeys } from '../../services/store/keys.ts'
import { countOpenSessions } from '../../services/store/session-records.ts'
import { readLedgerDay, readLedgerDays } from '../../services/store/usage-ledger.ts'
import { readSecret } from '../native/private-files.ts'
import { until } from '../until.ts'
import { createCalls } from './calls.ts'
import type { Calls } from './calls.ts'
import { DOMAIN } from './lab.ts'
import type { Lab } from './lab.ts'

const BOOKED_MS = 60_000
/** The Redis that is looked into is busy with what is measured. */
const LOOK_MS = 50

/** The way of a byte, from where coturn would publish it to the ledger: agent and ledger are measured, the rest is beside them. */
export async function startAccounting (lab: Lab) {
  const node = 'node-1'
  await lab.start('central-redis', 'control-plane')
  await lab.admin.registerNode(node, lab.paths.node(node).key)
  await lab.start(`${node}-redis`)
  const agent = await lab.startMeasured(`${node}-relay-agent`)
  const ledger = await lab.startMeasured('ledger')
  const calls = await connectVoice(lab, 0)
  const central = await connect(lab, readSecret(lab.paths.redisUrl) ?? '')
  return {
    agent,
    ledger,
    calls,
    untilBooked: async (state: 'open' | 'ended'): Promise<void> => { await untilBooked(central, calls, state) }
  }
}

/** Speaks as the coturn of a node, to the Redis beside it. */
export async function connectVoice (lab: Lab, index: number): Promise<Calls> {
  const { id = '', redisPort } = lab.settings.nodes[index] ?? {}
  const redis = await connect(lab, `redis://default:${readSecret(lab.paths.node(id).coturnPassword)}@127.0.0.1:${redisPort}`, coturnKeys.statsDatabase)
  return createCalls({ redis, realm: realmOf(id, DOMAIN), keys: deriveKeys(readSecret(lab.paths.masterKey) ?? '') })
}

/** coturn's user may not ask INFO, by which ioredis would know that a server is ready. */
async function connect (lab: Lab, url: string, db = 0): Promise<Redis> {
  const redis = new Redis(url, { db, enableReadyCheck: false })
  lab.onClose(() => { redis.disconnect() })
  await once(redis, 'ready')
  return redis
}

/** Waits until the ledger says what coturn said, to the byte. @throws where it says more, or less after a minute */
async function untilBooked (central: Redis, { total }: Calls, state: 'open' | 'ended'): Promise<void> {
  const wanted = { ...total, lostSessions: 0 }
  const fields = Object.keys(wanted) as Array<keyof typeof wanted>
  let booked = { ...wanted }
  await until('the ledger has booked every byte', async () => {
    const days = await readLedgerDays(central, '00000000', '99999999')
    const rows = (await Promise.all(days.map(async (day) => await readLedgerDay(central, day)))).flat()
    booked = Object.fromEntries(fields.map((field) => [field, rows.reduce((sum, row) => sum + row[field], 0)])) as typeof wanted
    const open = await countOpenSessions(central)
    const wrong = fields.filter((field) => booked[field] > wanted[field])
    if (wrong.length > 0) throw new Error('the ledger has booked more than coturn told')
    return fields.every((field) => booked[field] === wanted[field]) && (state === 'open' || open === 0)
  }, BOOKED_MS, LOOK_MS).catch((error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify({ booked, wanted })}`)
  })
}
