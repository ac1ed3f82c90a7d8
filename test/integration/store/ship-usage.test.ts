import t from 'tap'
import { applyUsage } from '../../../services/store/usage-ledger.ts'
import { countUnapplied, readApplied, readUsage, readWaiting, shipUsage } from '../../../services/store/usage-stream.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'

const redis = await (await startRedisServer(t, { variant: 'central' })).connect()
t.beforeEach(() => redis.flushall())

const batches = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) =>
  ({ sequence: from + index, after: from + index - 1, batch: `batch ${from + index}` }))
const inStream = async () => (await readUsage(redis, ['eu-1'], 20_000, 1)).map(({ sequence }) => sequence)
const apply = async (count: number) => {
  for (const delivered of await readUsage(redis, ['eu-1'], count, 1)) await applyUsage(redis, delivered, [])
}

t.test('batches are appended in order and read back as they were shipped', async t => {
  t.equal(await shipUsage(redis, 'eu-1', 'log-a', [{ sequence: 1, after: 0, batch: '{"rows":[]}' }, { sequence: 2, after: 1, batch: 'zwei 🙂' }]), 2)
  t.equal(await shipUsage(redis, 'eu-1', 'log-a', [{ sequence: 3, after: 2, batch: 'three' }]), 3)
  t.match(await readUsage(redis, ['eu-1'], 10, 1), [
    { node: 'eu-1', log: 'log-a', sequence: 1, batch: '{"rows":[]}' },
    { node: 'eu-1', log: 'log-a', sequence: 2, batch: 'zwei 🙂' },
    { node: 'eu-1', log: 'log-a', sequence: 3, batch: 'three' }
  ])
})

t.test('a shipment that is repeated, whole or in part, adds only what is new', async t => {
  await shipUsage(redis, 'eu-1', 'log-a', batches(1, 3))
  t.equal(await shipUsage(redis, 'eu-1', 'log-a', batches(1, 3)), 3)
  t.equal(await shipUsage(redis, 'eu-1', 'log-a', batches(2, 5)), 5)
  t.same(await inStream(), [1, 2, 3, 4, 5])
})

t.test('what the ledger has applied is not taken again', async t => {
  await shipUsage(redis, 'eu-1', 'log-a', batches(1, 3))
  await apply(3)
  t.equal(await readApplied(redis, 'eu-1', 'log-a'), 3)
  t.equal(await shipUsage(redis, 'eu-1', 'log-a', batches(1, 4)), 4)
  t.same(await inStream(), [4])
})

t.test('a shipment that would leave a hole is refused with the number to go on from', async t => {
  await shipUsage(redis, 'eu-1', 'log-a', batches(1, 2))
  t.equal(await shipUsage(redis, 'eu-1', 'log-a', batches(5, 6)), 2)
  t.same(await inStream(), [1, 2])
  t.equal(await shipUsage(redis, 'eu-1', 'log-a', batches(3, 6)), 6)
})

t.test('a centre that forgot its last moments asks for what it lost', async t => {
  await shipUsage(redis, 'eu-1', 'log-a', batches(1, 6))
  await apply(4)
  await redis.hset('applied:eu-1', 'sequence', 2)
  await redis.del('usage:eu-1')
  t.equal(await shipUsage(redis, 'eu-1', 'log-a', batches(7, 7)), 2)
  t.equal(await shipUsage(redis, 'eu-1', 'log-a', batches(3, 7)), 7)
  t.same(await inStream(), [3, 4, 5, 6, 7])
})

t.test('a hole that the agent itself can no longer fill is not waited for', async t => {
  await shipUsage(redis, 'eu-1', 'log-a', batches(1, 2))
  t.equal(await shipUsage(redis, 'eu-1', 'log-a', batches(8, 9), true), 9)
  t.same(await inStream(), [1, 2, 8, 9])
})

t.test('numbers may jump: what counts is that each batch follows the one before it', async t => {
  await shipUsage(redis, 'eu-1', 'log-a', batches(1, 2))
  t.equal(await shipUsage(redis, 'eu-1', 'log-a', [{ sequence: 5_000, after: 2, batch: 'first of a new life' }]), 5_000)
  t.equal(await shipUsage(redis, 'eu-1', 'log-a', [{ sequence: 9_000, after: 2, batch: 'of an agent that has forgotten 5000' }]), 9_000)
  t.equal(await shipUsage(redis, 'eu-1', 'log-a', [{ sequence: 9_002, after: 9_001, batch: 'behind a hole' }]), 9_000)
})

t.test('a new log starts anew beside the rest of the old one, and nodes do not share numbers', async t => {
  await shipUsage(redis, 'eu-1', 'log-a', batches(1, 5))
  t.equal(await shipUsage(redis, 'eu-1', 'log-b', batches(1, 2)), 2)
  t.same(await inStream(), [1, 2, 3, 4, 5, 1, 2])
  t.equal(await shipUsage(redis, 'us-1', 'log-a', batches(1, 1)), 1)
  t.equal(await countUnapplied(redis, 'us-1'), 1)
  await apply(7)
  t.equal(await readApplied(redis, 'eu-1', 'log-b'), 2)
  t.equal(await readApplied(redis, 'eu-1', 'log-a'), 0, 'the watermark is of the log that runs')
  t.equal(await readApplied(redis, 'us-1', 'log-a'), 0)
})

t.test('a full stream takes no more until the ledger has made room', async t => {
  for (let from = 1; from < 10_000; from += 1_000) await shipUsage(redis, 'eu-1', 'log-a', batches(from, from + 999))
  t.equal(await shipUsage(redis, 'eu-1', 'log-a', batches(10_001, 10_005)), 10_000)
  t.equal(await countUnapplied(redis, 'eu-1'), 10_000)
  await apply(3)
  t.equal(await shipUsage(redis, 'eu-1', 'log-a', batches(10_001, 10_005)), 10_003)
  t.equal(await countUnapplied(redis, 'eu-1'), 10_000)
})

t.test('readers are given the oldest batches of every node they ask for, and none of others', async t => {
  await shipUsage(redis, 'eu-1', 'log-a', batches(1, 4))
  await shipUsage(redis, 'us-1', 'log-b', batches(1, 4))
  await shipUsage(redis, 'ap-1', 'log-c', batches(1, 4))
  t.same((await readUsage(redis, ['eu-1', 'us-1'], 2, 1)).map(({ node, sequence }) => `${node} ${sequence}`), ['eu-1 1', 'eu-1 2', 'us-1 1', 'us-1 2'])
  t.same(await readUsage(redis, ['nowhere'], 2, 1), [])
})

t.test('how much waits of each node, and for how long, by the clock of the server', async t => {
  t.same(await readWaiting(redis, []), [])
  await redis.xadd('usage:waits', '1000-0', 'log', 'a', 'sequence', 1, 'after', 0, 'batch', '{}')
  await redis.xadd('usage:waits', '*', 'log', 'a', 'sequence', 2, 'after', 1, 'batch', '{}')
  const [seconds = 0] = await redis.time()
  const [nothing, waits] = await readWaiting(redis, ['idle', 'waits'])
  t.same(nothing, { node: 'idle', batches: 0, oldestMs: 0 })
  t.match(waits, { node: 'waits', batches: 2 })
  t.ok(Math.abs(waits?.oldestMs as number - (Number(seconds) * 1000 - 1000)) < 5_000, `${waits?.oldestMs} ms`)
})

t.test('a node whose key is no stream holds up no other', async t => {
  await redis.set('usage:bad', 'x')
  await shipUsage(redis, 'eu-1', 'log-a', batches(1, 2))
  const unreadable: string[][] = []
  for (const delivered of await readUsage(redis, ['bad', 'eu-1'], 10, 1, nodes => { unreadable.push(nodes) })) await applyUsage(redis, delivered, [])
  t.equal(await readApplied(redis, 'eu-1', 'log-a'), 2, 'the other is booked')
  t.same(unreadable, [['bad']])
  t.same(await readUsage(redis, ['bad'], 10, 1), [])
  t.match(await readWaiting(redis, ['bad', 'eu-1']), [{ node: 'bad', batches: 0, oldestMs: 0 }, { node: 'eu-1', batches: 0 }])
})
