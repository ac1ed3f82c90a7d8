import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import type { Test } from 'tap'
import { until } from '../../../scripts/until.ts'
import { followNode } from '../../../services/store/node-feed.ts'
import type { FeedEvent, FeedPosition } from '../../../services/store/node-feed.ts'
import type { Redis } from '../../../services/store/connect.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'
import type { RedisServer } from '../../helpers/redis-server.ts'

/** Redis sends no PING of its own, so that the offset stands still when nothing is published. */
const QUIET = ['repl-ping-replica-period 3600']

interface Listener {
  events: FeedEvent[]
  kinds: string[]
  position: FeedPosition | undefined
  error: Error | undefined
  leave: () => Promise<void>
}

/** Reads the feed until told to leave. */
function listen (t: Test, url: string, position?: FeedPosition): Listener {
  const abort = new AbortController()
  const listener: Listener = { events: [], kinds: [], position, error: undefined, leave }
  const done = (async () => {
    for await (const batch of followNode({ url, position, signal: abort.signal })) {
      listener.kinds.push(batch.kind)
      if (batch.kind === 'events') listener.events.push(...batch.events)
      listener.position = batch.position
    }
  })().catch((error: unknown) => { listener.error = error as Error })
  async function leave () {
    abort.abort()
    await done
  }
  t.teardown(leave)
  return listener
}

const attached = (listener: Listener) => until('the feed is followed', () => {
  if (listener.error) throw listener.error
  return listener.kinds.length > 0
})
const heard = (listener: Listener, count: number) => until(`${count} events are heard`, () => {
  if (listener.error) throw listener.error
  return listener.events.length >= count
})

async function publishNumbers (redis: Redis, from: number, to: number): Promise<void> {
  const pipeline = redis.pipeline()
  for (let number = from; number < to; number++) pipeline.publish(`channel/${number % 7}`, `message ${number}`)
  await pipeline.exec()
}
const numbersOf = (events: readonly FeedEvent[]) => events.map(({ message }) => Number(message.split(' ')[1]))
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

const masterOffset = async (redis: Redis) => Number(/master_repl_offset:(\d+)/.exec(await redis.info('replication'))?.[1])

async function nodeRedis (t: Test, lines: readonly string[] = QUIET): Promise<{ server: RedisServer, redis: Redis, url: string }> {
  const server = await startRedisServer(t, { variant: 'node', lines })
  return { server, redis: await server.connect(), url: server.url('agent') }
}

t.test('a first follower gets a full resync, then every message, and its position is the offset Redis counts', async t => {
  const { redis, url } = await nodeRedis(t)
  await redis.set('something', 'that is none of its business')
  const listener = listen(t, url)
  await attached(listener)
  await publishNumbers(redis, 0, 100)
  await redis.set('turn/realm/r/user/u', 'a write between messages')
  await publishNumbers(redis, 100, 200)
  await heard(listener, 200)
  t.same(listener.kinds[0], 'resync')
  t.same(numbersOf(listener.events), range(0, 200))
  t.equal(listener.events[9]?.channel, 'channel/2')
  t.equal(listener.position?.offset, await masterOffset(redis))
})

t.test('what was published while nobody listened is replayed once, in order', async t => {
  const { redis, url } = await nodeRedis(t)
  const first = listen(t, url)
  await attached(first)
  await publishNumbers(redis, 0, 10)
  await heard(first, 10)
  await first.leave()
  await publishNumbers(redis, 10, 5_010)
  const second = listen(t, url, first.position)
  await heard(second, 5_000)
  await publishNumbers(redis, 5_010, 5_020)
  await heard(second, 5_010)
  t.equal(second.kinds[0], 'continue')
  t.same(numbersOf(second.events), range(10, 5_020))
  t.equal(second.position?.offset, await masterOffset(redis))
})

t.test('a follower that leaves again and again in the middle of the stream hears each message once', async t => {
  const { redis, url } = await nodeRedis(t)
  const all: FeedEvent[] = []
  let listener = listen(t, url)
  await attached(listener)
  for (let round = 0; round < 25; round++) {
    const publishing = publishNumbers(redis, round * 200, round * 200 + 200)
    await heard(listener, round % 5 * 40)
    await listener.leave()
    all.push(...listener.events)
    await publishing
    listener = listen(t, url, listener.position)
    await attached(listener)
    t.equal(listener.kinds[0], 'continue')
  }
  await heard(listener, 5_000 - all.length)
  t.same(numbersOf([...all, ...listener.events]), range(0, 5_000))
})

t.test('messages arrive as they were sent: empty, with line ends, in any script, of 64 kB', async t => {
  const { redis, url } = await nodeRedis(t)
  const messages = ['', 'new lifetime=600', 'a\r\nb\n*2\r\n$7\r\nPUBLISH\r\n', 'naïve 名前 🙂\0', 'x'.repeat(65_536), '🙂'.repeat(20_000)]
  const listener = listen(t, url)
  await attached(listener)
  for (const message of messages) await redis.publish(`turn/${message.slice(0, 20)}/x`, message)
  await heard(listener, messages.length)
  t.same(listener.events, messages.map(message => ({ channel: `turn/${message.slice(0, 20)}/x`, message })))
  await redis.publish('turn/bytes', Buffer.from([0xff, 0xfe, 13, 10, 0]) as unknown as string)
  await redis.publish('turn/after', 'still in step')
  await heard(listener, messages.length + 2)
  t.match(listener.events.at(-1), { channel: 'turn/after', message: 'still in step' })
  t.equal(listener.position?.offset, await masterOffset(redis))
})

for (const diskless of ['yes', 'no']) {
  t.test(`a snapshot of many megabytes is skipped to its last byte (diskless: ${diskless})`, async t => {
    const { redis, url } = await nodeRedis(t, [...QUIET, `repl-diskless-sync ${diskless}`])
    for (let index = 0; index < 24; index++) await redis.set(`filler:${index}`, randomBytes(1_000_000))
    await redis.set('looks like the end', '$EOF:0123456789012345678901234567890123456789\r\n*1\r\n$4\r\nPING\r\n')
    const listener = listen(t, url)
    await attached(listener)
    await publishNumbers(redis, 0, 50)
    await heard(listener, 50)
    t.same(numbersOf(listener.events), range(0, 50))
    t.equal(listener.position?.offset, await masterOffset(redis))
  })
}

/** A way to `port` on which every byte of the answers travels alone. */
async function byteByByte (t: Test, port: number): Promise<number> {
  const proxy = createServer(client => {
    client.setNoDelay(true)
    const server = connect({ port, host: '127.0.0.1' })
    client.on('error', () => { server.destroy() }).on('close', () => { server.destroy() }).pipe(server)
    const answer = async () => {
      for await (const chunk of server as AsyncIterable<Buffer>) {
        for (const byte of chunk) {
          client.write(Buffer.of(byte))
          await turn()
        }
      }
    }
    answer().finally(() => { client.destroy() }).catch(() => {})
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.teardown(async () => {
    proxy.close()
    await once(proxy, 'close')
  })
  return (proxy.address() as AddressInfo).port
}

for (const diskless of ['yes', 'no']) {
  t.test(`it makes no difference how the network cuts answers, snapshot and stream (diskless: ${diskless})`, async t => {
    const { server, redis, url } = await nodeRedis(t, [...QUIET, `repl-diskless-sync ${diskless}`])
    await redis.set('a', 'little data')
    const slow = url.replace(String(server.port), String(await byteByByte(t, server.port)))
    const first = listen(t, slow)
    await attached(first)
    await publishNumbers(redis, 0, 20)
    await heard(first, 20)
    await first.leave()
    await publishNumbers(redis, 20, 40)
    const second = listen(t, slow, first.position)
    await heard(second, 20)
    t.same(numbersOf([...first.events, ...second.events]), range(0, 40))
    t.equal(second.position?.offset, await masterOffset(redis))
    await second.leave()
  })
}

t.test('messages published while the snapshot is made are not lost', async t => {
  const { redis, url } = await nodeRedis(t)
  for (let index = 0; index < 8; index++) await redis.set(`filler:${index}`, randomBytes(1_000_000))
  const listener = listen(t, url)
  const sent: number[] = []
  await until('the feed is followed', async () => {
    await publishNumbers(redis, sent.length, sent.length + 1)
    sent.push(sent.length)
    return listener.kinds.length > 0
  })
  const offset = listener.position?.offset ?? 0
  await publishNumbers(redis, sent.length, sent.length + 1)
  await until('the last message is heard', () => numbersOf(listener.events).at(-1) === sent.length)
  const numbers = numbersOf(listener.events)
  t.same(numbers, range(numbers[0] ?? 0, sent.length + 1), 'from the snapshot on there is no hole')
  t.ok(offset <= await masterOffset(redis))
})

t.test('a slow reader holds the stream back and loses nothing', async t => {
  const { redis, url } = await nodeRedis(t)
  const abort = new AbortController()
  t.teardown(() => { abort.abort() })
  const feed = followNode({ url, position: undefined, signal: abort.signal })
  t.equal((await feed.next()).value?.kind, 'resync')
  const message = 'm'.repeat(1_000)
  for (let round = 0; round < 20; round++) {
    const pipeline = redis.pipeline()
    for (let index = 0; index < 500; index++) pipeline.publish(`c/${round * 500 + index}`, message)
    await pipeline.exec()
  }
  const channels: string[] = []
  for await (const batch of feed) {
    if (batch.kind === 'events') channels.push(...batch.events.map(({ channel }) => channel))
    if (channels.length >= 10_000) break
  }
  t.same(channels, range(0, 10_000).map(number => `c/${number}`))
})

t.test('a Redis that was restarted cannot replay, and says so by a resync', async t => {
  const { server, redis, url } = await nodeRedis(t)
  const first = listen(t, url)
  await attached(first)
  await publishNumbers(redis, 0, 10)
  await heard(first, 10)
  await first.leave()
  await server.restart()
  const second = listen(t, url, first.position)
  await attached(second)
  t.equal(second.kinds[0], 'resync')
  t.not(second.position?.replicationId, first.position?.replicationId)
  await publishNumbers(await server.connect(), 10, 20)
  await heard(second, 10)
  t.same(numbersOf(second.events), range(10, 20))
})

t.test('a backlog that ran over while nobody listened ends in a resync', async t => {
  const { redis, url } = await nodeRedis(t)
  await redis.config('SET', 'repl-backlog-size', '16kb')
  const first = listen(t, url)
  await attached(first)
  await publishNumbers(redis, 0, 10)
  await heard(first, 10)
  await first.leave()
  await publishNumbers(redis, 10, 2_000)
  const second = listen(t, url, first.position)
  await attached(second)
  t.equal(second.kinds[0], 'resync')
  await publishNumbers(redis, 2_000, 2_010)
  await heard(second, 10)
  t.same(numbersOf(second.events), range(2_000, 2_010))
})

t.test('a wrong password is an error that says what was refused and does not repeat it', async t => {
  const { server } = await nodeRedis(t)
  const listener = listen(t, `redis://agent:not-the-password@127.0.0.1:${server.port}`)
  await until('it fails', () => listener.error)
  t.match(listener.error?.message, /answered AUTH with WRONGPASS/)
  t.notMatch(listener.error?.message, /not-the-password/)
})

t.test("coturn's own user may not follow: the error names the command that was refused", async t => {
  const { server } = await nodeRedis(t)
  const listener = listen(t, server.url('coturn'))
  await until('it fails', () => listener.error)
  t.match(listener.error?.message, /answered REPLCONF with NOPERM/)
})

t.test('a Redis that is killed, or is not there, ends the feed with an error', async t => {
  const { server, redis, url } = await nodeRedis(t)
  const listener = listen(t, url)
  await attached(listener)
  await publishNumbers(redis, 0, 1)
  await heard(listener, 1)
  await server.kill9()
  await until('it fails', () => listener.error)
  t.equal(listener.events.length, 1)
  const late = listen(t, url, listener.position)
  await until('it fails', () => late.error)
  t.match(late.error, { code: 'ECONNREFUSED' })
})

t.test('a follower that is told to leave ends without an error, even before it is connected', async t => {
  const { url } = await nodeRedis(t)
  const connected = listen(t, url)
  await attached(connected)
  await connected.leave()
  t.equal(connected.error, undefined)
  const early = listen(t, url)
  await early.leave()
  t.equal(early.error, undefined)
  t.same(early.kinds, [])
  const abort = new AbortController()
  abort.abort()
  t.equal((await followNode({ url, position: undefined, signal: abort.signal }).next()).done, true)
})
