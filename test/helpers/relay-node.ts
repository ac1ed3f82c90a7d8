import type { Test } from 'tap'
import { until } from '../../scripts/until.ts'
import type { TurnClient } from '../../services/turn/turn-client.ts'
import { TurnError } from '../../services/turn/turn-errors.ts'
import { newDesired } from '../../services/domain/node.ts'
import type { DesiredNode, ObservedNode } from '../../services/domain/node.ts'
import { deriveKeys, deriveNodeKey, deriveNodeSecret, keyId, mintUserId, userTag } from '../../services/domain/turn-credential.ts'
import { readDesired, replaceDesired } from '../../services/store/nodes.ts'
import { registerNode } from './central-state.ts'
import { MASTER_KEY } from './control-plane.ts'
import { startCoturn } from './coturn.ts'
import { startOwnProcess } from './own-process.ts'
import { startRedisServer } from './redis-server.ts'

export const NODE = 'eu-1'
const DOMAIN = 'turn.example.org'
const keys = deriveKeys(MASTER_KEY)
const nodeKey = deriveNodeKey(MASTER_KEY, NODE)

export const tagOfUser = (user: string, app = 'shop'): string => userTag(keys, app, user, () => Buffer.alloc(0))

/** A whole node, as it stands beside a centre: its Redis, a real coturn started by launch, and its agent as a process. */
export async function startRelayNode (t: Test, { maxAllocations = 100 }: { maxAllocations?: number } = {}) {
  const [redis, central] = [await startRedisServer(t, { variant: 'node' }), await startRedisServer(t, { variant: 'central' })]
  const centre = await central.connect()
  await registerNode(centre, NODE, newDesired(keyId(nodeKey)))
  const coturn = await startCoturn(t, redis, { node: NODE, domain: DOMAIN, maxAllocations })

  /** One life of the agent; it ends with the test at the latest. */
  async function startAgent () {
    const agent = startOwnProcess(t, 'relay-agent', {
      SPILLWAY_NODE_ID: NODE,
      SPILLWAY_NODE_KEY: nodeKey,
      SPILLWAY_NODE_REDIS_URL: redis.url('agent'),
      SPILLWAY_NODE_RELAY_IP: coturn.host,
      SPILLWAY_NODE_CAPACITY_MBPS: '100',
      SPILLWAY_NODE_MAX_ALLOCATIONS: String(maxAllocations),
      SPILLWAY_DOMAIN: DOMAIN,
      SPILLWAY_COTURN_CLI_HOST: coturn.host,
      SPILLWAY_COTURN_CLI_PASSWORD: coturn.cli.password,
      SPILLWAY_REDIS_URL: central.url(),
      SPILLWAY_RELAY_AGENT_OPS_PORT: '0'
    })
    const { ops } = await agent.started()
    /** one sample of its metrics without labels */
    const metric = async (name: string): Promise<number> => {
      const text = await (await fetch(`http://127.0.0.1:${ops?.port}/metrics`)).text()
      return Number(text.split('\n').find(line => line.startsWith(`${name} `))?.split(' ')[1])
    }
    return { ...agent, metric, said: (words: string) => agent.said.stdout.split('\n').filter(line => line.includes(words)).length }
  }

  const observed = async (): Promise<ObservedNode> => JSON.parse(await centre.get(`observed:${NODE}`) ?? '{}')
  async function wish (change: (desired: DesiredNode) => DesiredNode): Promise<void> {
    const before = await readDesired(centre, NODE)
    if (!before || !await replaceDesired(centre, NODE, before, change(before))) throw new Error('the wish was not changed')
  }
  const client = async (user: string, app = 'shop'): Promise<TurnClient> =>
    await coturn.connect(mintUserId(keys, app, tagOfUser(user, app)), deriveNodeSecret(nodeKey, 1))

  return {
    redis,
    central,
    centre,
    coturn,
    startAgent,
    observed,
    wish,
    /** of this user, logged in; nothing is allocated yet */
    client,
    /** A client with an allocation, or the code coturn refused it with. */
    allocate: async (user: string, app?: string): Promise<TurnClient | number> => {
      const asking = await client(user, app)
      try {
        await asking.allocate()
        return asking
      } catch (error) {
        await asking.close()
        if (error instanceof TurnError) return error.code
        throw error
      }
    },
    /** resolves once the heartbeat says so; with the first of it, coturn accepts what credentials are signed with */
    heard: async (what: string, holds: (observed: ObservedNode) => boolean, deadlineMs?: number): Promise<void> => {
      await until(what, async () => holds(await observed()), deadlineMs)
    }
  }
}
export type RelayNode = Awaited<ReturnType<typeof startRelayNode>>

/** Whether the allocation of a client is still there: coturn answers 437 to a refresh of one that is not. */
export async function lives (client: TurnClient): Promise<boolean> {
  try {
    await client.refresh(600)
    return true
  } catch (error) {
    if (error instanceof TurnError) return false
    throw error
  }
}
