import { freePort } from '../free-port.ts'
import { call } from '../native/admin-api.ts'
import { urlOf } from '../native/part.ts'
import { readSecret } from '../native/private-files.ts'
import { until } from '../until.ts'
import type { Lab } from './lab.ts'
import type { Target } from './load.ts'

export interface Server extends Target { pid: number }

const APP = 'bench'
const NODE = 'node-1'
/** Requests a minute: limits are counted, and never reached. */
const NO_LIMIT = 10_000_000
const USERS = 4096
/** A call of three in one room; every other call names none. */
const USERS_A_ROOM = 3
const SERVES_MS = 30_000

export const bodies = Array.from({ length: USERS }, (_, user) => {
  const room = Math.floor(user / USERS_A_ROOM)
  return JSON.stringify({ user: `user-${user}`, ...room % 2 === 0 ? { room: `room-${room}` } : {} })
})

/** The control plane with one node that serves: its Redis, its agent and its coturn run beside what is measured. */
export async function startControlPlane (lab: Lab): Promise<Server> {
  await lab.start('central-redis')
  const pid = await lab.startMeasured('control-plane')
  await lab.admin.registerNode(NODE, lab.paths.node(NODE).key)
  await lab.start(`${NODE}-redis`, `${NODE}-relay-agent`, `${NODE}-coturn`)
  const server = { pid, url: `${urlOf(lab.settings.api)}/v1/credentials`, key: await createApp(lab), bodies }
  await until('the control plane answers with its own relay', async () => (await askOnce(server)).provider === 'coturn', SERVES_MS)
  return server
}

/** A bare Fastify that answers as many bytes as the control plane. */
export async function startBareServer (lab: Lab, ours: Server): Promise<Server> {
  const port = await freePort()
  const pid = await lab.startBare('bare-fastify', 'control-plane', port, { SAMPLE: JSON.stringify(await askOnce(ours)) })
  return { ...ours, pid, url: `http://127.0.0.1:${port}/v1/credentials` }
}

/** An app whose limits are never reached; returns its key. */
export async function createApp (lab: Lab): Promise<string> {
  await lab.admin.ensureApp(APP, APP)
  await call('PATCH', `${urlOf(lab.settings.controlPlaneOps)}/admin/v1/apps/${APP}`, readSecret(lab.paths.adminToken) ?? '', {
    requestsPerMinute: { app: NO_LIMIT, publishable: NO_LIMIT, user: NO_LIMIT, address: NO_LIMIT }
  })
  return await lab.admin.createKey(APP)
}

export const askOnce = async ({ url, key }: Target): Promise<Record<string, unknown>> => (await call('POST', url, key, JSON.parse(bodies[0] ?? '{}'))).body
