import t from 'tap'
import type { TurnClient } from '../../../services/turn/turn-client.ts'
import { until } from '../../../scripts/until.ts'
import type { Kick } from '../../../services/domain/kick.ts'
import { lives, startRelayNode, tagOfUser } from '../../helpers/relay-node.ts'

const node = await startRelayNode(t)
let agent = await node.startAgent()
await node.heard('the node serves', ({ generationsApplied }) => generationsApplied?.length === 1)
const statuses = await node.redis.connect({ database: 2 })
const operator = await node.redis.connect()

const call = async (user: string): Promise<TurnClient> => {
  const client = await node.allocate(user)
  if (typeof client === 'number') throw new Error(`refused with ${client}`)
  return client
}
const kickUser = (user: string, seconds: number): Kick => ({ userTag: tagOfUser(user), untilMs: Date.now() + seconds * 1000 })
const kick = async (...kicks: Kick[]) => { await node.wish(desired => ({ ...desired, kicks })) }
const ended = async (what: string, client: TurnClient, deadlineMs = 5_000) => { await until(what, async () => !await lives(client), deadlineMs, 200) }
const kicked = async () => await agent.metric('spillway_agent_kicked_sessions_total')
/** of all live allocations, by the user tag in coturn's own keys */
async function allocationOf (user: string): Promise<string> {
  const names = await statuses.keys('turn/realm/*/status')
  return /allocation\/(\d{18})\//.exec(names.find(name => name.includes(tagOfUser(user))) ?? '')?.[1] ?? ''
}

t.test('a kicked user loses every session, and every new one until the end; others are not touched', async t => {
  const [first, second, other] = [await call('ada'), await call('ada'), await call('bob')]
  const end = kickUser('ada', 8)
  await kick(end)
  await ended('the first call of ada ends', first)
  await ended('the second too', second)
  t.equal(await kicked(), 2)
  await ended('a new one is ended as well', await call('ada'))
  t.ok(Date.now() < end.untilMs, 'all that before the end')
  t.ok(await lives(other))
  await kick(kickUser('bob', 60))
  await ended('the next kick is done', other)
  const again = await call('ada')
  const counted = await kicked()
  await ended('and goes on', await call('bob'))
  t.equal(await kicked(), counted + 1)
  t.ok(await lives(again), 'the kick of ada was taken back')
})

t.test('one session is kicked and no other of its user; one of a coturn that is gone is nobody', async t => {
  const one = await call('carol')
  const allocation = await allocationOf('carol')
  const other = await call('carol')
  const boot = await operator.get('spillway:boot') ?? ''
  const untilMs = Date.now() + 60_000
  const before = await kicked()
  await kick({ boot: 'another-boot', allocation, untilMs }, kickUser('dave', 60))
  await ended('the kicks of this list are done', await call('dave'))
  t.ok(await lives(one), 'the number is the same, the life of coturn is not')
  await kick({ boot, allocation, untilMs })
  await ended('it is ended', one)
  t.ok(await lives(other))
  t.equal(await kicked(), before + 2)
})

t.test('a kick is in force while the control plane wants it, though it is over by the clock of the agent', async t => {
  const client = await call('erin')
  await kick(kickUser('erin', -3_600))
  await ended('the call of before is ended', client)
  await ended('and a new one', await call('erin'))
  await kick(kickUser('dave', 60))
  await ended('another is wanted', await call('dave'))
  const later = await call('erin')
  await ended('while dave is kept out', await call('dave'))
  t.ok(await lives(later), 'hers was taken back')
})

t.test('an agent and a coturn that are started again while the centre is away keep the user out, and let in whose kick is over', async t => {
  const short = kickUser('henry', 1)
  await kick(kickUser('frank', 120), short)
  await ended('it is known', await call('frank'))
  await ended('both are', await call('henry'))
  agent.terminate()
  await agent.exit(15_000)
  await node.central.stop()
  await node.coturn.crash()
  await node.coturn.start()
  agent = await node.startAgent()
  await until('secrets are there', () => agent.said('secret generations applied') === 1)
  await until('the kick of henry is over', () => Date.now() > short.untilMs)
  const henry = await call('henry')
  await ended('frank is kept out', await call('frank'), 10_000)
  t.ok(await lives(henry), 'no kick that is over is done again')
  t.ok(await lives(await call('grace')))
})
