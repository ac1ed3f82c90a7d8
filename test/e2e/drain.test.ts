import t from 'tap'
import type { IceServer } from '../../services/turn/turn-url.ts'
import { TurnError } from '../../services/turn/turn-errors.ts'
import { until } from '../../scripts/until.ts'
import { callersOf, connectClient, expectExact, release, startCall, startCalls, talk } from '../helpers/calls.ts'
import { startStack } from '../helpers/stack.ts'
import { listenToCoturn } from '../helpers/witness.ts'

const stack = await startStack(t, { slot: 11 })
const witness = await listenToCoturn(t, stack)
const NODE = 'node-1'

const node = async () => (await stack.admin('GET', `/nodes/${NODE}`)).body
/** The grace, what coturn takes to hear of it, and heartbeats. */
const untilNode = async (what: string, holds: (node: any) => boolean) => { await until(what, async () => holds(await node()), 45_000, 200) }
const drain = async (draining: boolean) => await stack.admin('PATCH', `/nodes/${NODE}`, { draining })
const untilDrained = async () => { await untilNode('coturn refuses new allocations', ({ drain }) => drain?.applied === true) }

/** How an allocation with a credential of before is answered: 'admitted', or the code of the error. */
async function allocate (entry: IceServer): Promise<string | number> {
  const client = await connectClient(entry)
  try {
    await client.allocate()
    await client.release()
    return 'admitted'
  } catch (error) {
    if (error instanceof TurnError) return error.code
    throw error
  } finally {
    await client.close()
  }
}
const spare = async (key: string): Promise<IceServer> => (await stack.issue(key, { user: 'late' })).body.iceServers[0]

t.test('a drained node keeps its calls, takes no new ones, says how many are left, and serves again', async t => {
  const key = await stack.createApp('drained')
  const [late, calls] = [await spare(key), await startCalls(stack, key, 4)]
  await talk(calls, 1_200)
  await untilNode('all calls are counted', ({ observed }) => observed?.sessions === 8)

  const asked = await drain(true)
  t.match(asked, { status: 200, body: { id: NODE, drain: { applied: false, sessionsLeft: 8, emptyInSeconds: null } } })
  await until('no credential names it', async () => (await stack.issue(key)).body.provider === 'stun', 3_000)
  await untilDrained()
  t.equal(await allocate(late), 486, 'a new allocation')
  await talk(calls, 1_200)
  const [first, second, ...others] = calls
  if (!first || !second) throw new Error('no calls')
  await release(callersOf([first]))
  await untilNode('two sessions less are left', ({ drain }) => drain.sessionsLeft === 6)
  t.match((await node()).drain, { since: asked.body.drain.since, applied: true, emptyInSeconds: null }, 'two that ended tell nothing of the others')
  await release(callersOf([second]))
  await untilNode('four are left', ({ drain }) => drain.sessionsLeft === 4)

  t.equal((await drain(false)).body.drain, null)
  await untilNode('coturn takes new allocations', ({ observed }) => observed.admitting === true)
  const next = await startCall(stack, key)
  await talk([next, ...others], 1_200)
  await release(callersOf([next, ...others]))
  await expectExact(t, stack, 'drained', callersOf([...calls, next]), witness, 'drained')
})

t.test('a graceful stop ends the calls that run, with all they have relayed, and the node serves again', async t => {
  const key = await stack.createApp('stopped')
  const calls = await startCalls(stack, key, 6)
  await talk(calls, 1_000)
  await stack.relaunchCoturn(async () => {
    await expectExact(t, stack, 'stopped', callersOf(calls), witness, 'stopped')
  })
  const after = await startCall(stack, key)
  await talk([after], 50)
  await release(callersOf([after]))
  await expectExact(t, stack, 'stopped', callersOf([...calls, after]), witness, 'and started')
})

t.test('a node is taken out once it was drained, its calls are over and booked, and not before', async t => {
  const key = await stack.createApp('removed')
  const late = await spare(key)
  const calls = await startCalls(stack, key, 3)
  await talk(calls, 1_200)
  const remove = async () => await stack.admin('DELETE', `/nodes/${NODE}`)
  t.match(await remove(), { status: 409, body: { code: 'node_in_use', detail: /drain it first/ } })
  await drain(true)
  t.match(await remove(), { status: 409, body: { code: 'node_in_use', detail: /still takes new allocations/ } })
  await untilDrained()
  await untilNode('all calls are counted', ({ observed }) => observed?.sessions === 6)
  t.match(await remove(), { status: 409, body: { code: 'node_in_use', detail: /^6 sessions left/ } })
  await talk(calls, 1_200)
  await release(callersOf(calls))
  let status = 0
  await until('it may go', async () => {
    status = (await remove()).status
    return status === 204
  }, 30_000, 250)
  t.equal(status, 204)
  t.same((await stack.admin('GET', '/nodes')).body.nodes, [])
  await expectExact(t, stack, 'removed', callersOf(calls), witness, 'removed')
  await until('the agent lets nobody in any more', async () => await allocate(late) === 401, 15_000, 250)
})

t.test('no log of this run holds a secret', stack.searchLogs)
