import t from 'tap'
import { until } from '../../../scripts/until.ts'
import { applyNextUsage } from '../../../services/ledger/apply-usage.ts'
import { readOutbox } from '../../../services/store/agent-state.ts'
import { readUsage } from '../../../services/store/usage-stream.ts'
import { readLedger, sumOf } from '../../helpers/usage-rows.ts'
import { NODE, startUsageLine } from './usage-line.ts'

t.test('strangers are booked to nobody: neither claimed names, nor other realms, nor names that were not minted here', async t => {
  const line = await startUsageLine(t)
  const life = await line.live()
  await life.followed()
  const victim = line.call(1)
  await victim.begin()
  await victim.relay(100, 100)
  const name = 'turn/realm/eu-1.turn.example.org/user'
  await line.stats.publish(`${name}/${line.usernameOf('shop', 'user 1')}/allocation/000000000000000777/traffic`, 'rcvp=2048, rcvb=1669676, sentp=0, sentb=0')
  await line.stats.publish(`${name}/${line.usernameOf('shop', 'another')}/allocation/${victim.allocation}/traffic`, 'rcvp=2048, rcvb=1669676, sentp=0, sentb=0')
  await line.stats.publish(`turn/realm/us-9.turn.example.org/user/${line.usernameOf('shop', 'user 1')}/allocation/${victim.allocation}/total_traffic`, 'rcvp=1, rcvb=1, sentp=1, sentb=1')
  for (const [index, username] of ['1795346720:alice', '', '1795346720:shop.0123456789abcdef01234567.0123456789abcdef01234567'].entries()) {
    await line.stats.publish(`${name}/${username}/allocation/00000000000000078${index}/status`, 'new lifetime=600, type=UDP')
    await line.stats.publish(`${name}/${username}/allocation/00000000000000078${index}/total_traffic`, 'rcvp=1, rcvb=1000, sentp=1, sentb=1')
  }
  await line.settle(life)
  await line.compare(t)
  t.ok(line.ledgerMetrics.forged.get({ node: NODE }) >= 3)
})

t.test('two ledgers at once count each batch once', async t => {
  const line = await startUsageLine(t)
  const life = await line.live()
  await life.followed()
  const appliers = await Promise.all([1, 2, 3].map(async () => ({ ...line.applier, redis: await line.central.connect(), waiting: await line.central.connect() })))
  const calls = Array.from({ length: 30 }, (_, index) => line.call(index + 1))
  for (const call of calls) await call.begin()
  for (let round = 0; round < 15; round++) {
    for (const call of calls) await call.relay(100 + round, 10)
    await life.follower.save()
    await life.ship()
    await Promise.all(appliers.map(applyNextUsage))
  }
  await line.settle(life)
  await line.compare(t)
  t.ok(line.ledgerMetrics.batches.get({ outcome: 'duplicate' }) > 0, 'they did meet')
  const { bytesIn, bytesOut } = sumOf(await readLedger(line.centre))
  t.same(await line.counted(), { bytesIn, bytesOut }, 'and none has counted what another has booked')
})

t.test('applied batches stay in the outbox for a minute, and are sent again to a centre that lost them', async t => {
  const line = await startUsageLine(t)
  const life = await line.live()
  await life.followed()
  const call = line.call(1)
  await call.begin()
  await call.relay(1_000, 1_000)
  await line.settle(life)
  await life.ship()
  await life.ship()
  t.equal((await readOutbox(life.redis, 0, 1))[0]?.sequence, 1, 'it knows what was applied, and keeps it')
  await line.centre.flushall()
  await line.register()
  await life.pump()
  await line.settle(life)
  await line.compare(t, 'an emptied centre has it all again')

  line.clock.ms += 60_001
  await line.settle(life)
  line.clock.ms += 60_001
  await life.ship()
  const oldest = (await readOutbox(life.redis, 0, 1))[0]?.sequence
  t.ok(oldest === undefined || oldest >= life.follower.sequence, 'what was applied a minute ago is forgotten')
})

t.test('a centre that lost the end of a stream is sent it again, though nothing new happens', async t => {
  const line = await startUsageLine(t)
  const life = await line.live()
  await life.followed()
  const call = line.call(1)
  await call.begin()
  await call.end(1_000, 1_000)
  await until('it is saved', async () => await life.follower.save() || life.follower.sequence > 0)
  await life.ship()
  const [lost] = await readUsage(line.centre, [NODE], 10, 1)
  await line.centre.xdel(`usage:${NODE}`, lost?.id ?? '')
  await life.ship()
  await line.applyAll()
  t.match(await line.ledger(), { sessions: 1, bytesIn: 1_000 })
})

t.test('an outbox with a hole in it does not wait for what is lost', async t => {
  const line = await startUsageLine(t)
  const life = await line.live()
  await life.followed()
  const call = line.call(1)
  for (let count = 1; count <= 5; count++) {
    if (count === 1) await call.begin()
    await call.relay(100, 100)
    await until('it is saved', async () => {
      await life.follower.save()
      return life.follower.sequence >= count
    })
  }
  await life.redis.xdel('agent:outbox', '3-0')
  await call.end(1, 1)
  await line.settle(life)
  await line.compare(t)
  t.equal(line.ledgerMetrics.batches.get({ outcome: 'gap' }), 1)
})

t.test('rubbish in a stream is dropped and counted, and does not stop what is behind it', async t => {
  const line = await startUsageLine(t)
  await line.centre.xadd(`usage:${NODE}`, '*', 'log', 'foreign', 'sequence', '1', 'after', '0', 'batch', '{"rows": "none"}')
  await line.centre.xadd(`usage:${NODE}`, '*', 'log', 'foreign', 'sequence', '2', 'after', '1', 'batch', 'no JSON')
  const life = await line.live()
  await life.followed()
  const call = line.call(1)
  await call.begin()
  await call.end(1, 1)
  await line.settle(life)
  await line.compare(t)
  t.equal(line.ledgerMetrics.batches.get({ outcome: 'invalid' }), 2)
})

t.test("a node's Redis that came back without its last moments does not number new batches like old ones", async t => {
  const line = await startUsageLine(t)
  const first = await line.live()
  await first.followed()
  const [one, two, three] = [line.call(1), line.call(2), line.call(3)]
  for (const call of [one, two, three]) await call.begin()
  await one.end(1_000, 1)
  await until('it is saved', async () => await first.follower.save() || first.follower.sequence > 0)
  const kept = await first.redis.hget('agent:cursor', 'sequence')
  await two.end(2_000, 2)
  await line.settle(first)
  await first.crash()

  // what the ledger has booked meanwhile is forgotten here: the next batch must not pass for one of those
  await line.operator.hset('agent:cursor', 'sequence', kept ?? '')
  const entries = await line.operator.xrange('agent:outbox', `${Number(kept) + 1}-0`, '+')
  for (const [id] of entries) await line.operator.xdel('agent:outbox', id)
  const second = await line.live()
  await second.followed()
  await three.end(3_000, 3)
  await line.settle(second)
  await line.compare(t)
})
