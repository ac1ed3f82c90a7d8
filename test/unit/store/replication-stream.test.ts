import fc from 'fast-check'
import t from 'tap'
import { ReplicationStreamReader } from '../../../services/store/replication-stream.ts'
import type { FeedEvent } from '../../../services/store/replication-stream.ts'

const command = (...words: Array<string | Buffer>): Buffer => Buffer.concat([
  Buffer.from(`*${words.length}\r\n`),
  ...words.flatMap(word => [Buffer.from(`$${Buffer.byteLength(word)}\r\n`), Buffer.from(word), Buffer.from('\r\n')])
])
const publish = (channel: string, message: string) => command('PUBLISH', channel, message)

function readAll (chunks: Buffer[]): { events: FeedEvent[], consumed: number } {
  const reader = new ReplicationStreamReader('')
  return { events: chunks.flatMap(chunk => reader.read(chunk)), consumed: reader.consumed }
}

const STREAM = Buffer.concat([
  command('SELECT', '2'),
  publish('turn/realm/r/user/u/allocation/000000000000000001/status', 'new lifetime=600'),
  command('PING'),
  command('REPLCONF', 'GETACK', '*'),
  publish('a', ''),
  command('SET', 'key', 'PUBLISH\r\n$3\r\nabc'),
  publish('名前', 'line\r\n*3\r\n$7\r\nPUBLISH\r\n🙂\0'),
  command('MULTI'), command('XADD', 'agent:outbox', '1-0', 'batch', '{}'), command('EXEC')
])
const EVENTS: FeedEvent[] = [
  { channel: 'turn/realm/r/user/u/allocation/000000000000000001/status', message: 'new lifetime=600' },
  { channel: 'a', message: '' },
  { channel: '名前', message: 'line\r\n*3\r\n$7\r\nPUBLISH\r\n🙂\0' }
]

t.test('PUBLISH is told, every other command is skipped, all are counted', async t => {
  t.same(readAll([STREAM]), { events: EVENTS, consumed: STREAM.length })
})

t.test('it makes no difference where the stream is cut in two', async t => {
  for (let cut = 0; cut <= STREAM.length; cut++) {
    const result = readAll([STREAM.subarray(0, cut), STREAM.subarray(cut)])
    if (result.consumed !== STREAM.length || JSON.stringify(result.events) !== JSON.stringify(EVENTS)) t.fail(`cut at ${cut}`)
  }
  t.same(readAll([...STREAM].map(byte => Buffer.from([byte]))), { events: EVENTS, consumed: STREAM.length }, 'nor if it comes byte by byte')
})

t.test('any commands, cut anywhere, give the same events and the same count', async t => {
  const word = fc.string({ unit: 'grapheme', maxLength: 20 })
  const anyCommand = fc.oneof(
    fc.tuple(word, word).map(([channel, message]) => ({ bytes: publish(channel, message), event: { channel, message } })),
    fc.array(word, { maxLength: 4 }).filter(words => words[0]?.toUpperCase() !== 'PUBLISH').map(words => ({ bytes: command(...words), event: undefined }))
  )
  fc.assert(fc.property(fc.array(anyCommand), fc.array(fc.nat(200)), (commands, sizes) => {
    const stream = Buffer.concat(commands.map(({ bytes }) => bytes))
    const chunks: Buffer[] = []
    let at = 0
    for (const size of sizes) {
      chunks.push(stream.subarray(at, at + size))
      at += size
    }
    chunks.push(stream.subarray(at))
    t.strictSame(readAll(chunks), { events: commands.flatMap(({ event }) => event ?? []), consumed: stream.length })
    return t.passing()
  }))
})

t.test('a command is counted when it is whole, not before', async t => {
  const reader = new ReplicationStreamReader('')
  const first = publish('a', 'one')
  const second = publish('a', 'two')
  t.equal(reader.read(Buffer.concat([first, second.subarray(0, second.length - 1)])).length, 1)
  t.equal(reader.consumed, first.length)
  t.same(reader.read(second.subarray(second.length - 1)), [{ channel: 'a', message: 'two' }])
  t.equal(reader.consumed, first.length + second.length)
})

t.test('PUBLISH is known in any case, and only with a channel and a message', async t => {
  t.equal(readAll([command('publish', 'a', 'b')]).events.length, 1)
  t.equal(readAll([command('Publish', 'a', 'b')]).events.length, 1)
  for (const other of [command('PUBLISH', 'a'), command('PUBLISH', 'a', 'b', 'c'), command('PUBLISHX', 'a', 'b'), command('SPUBLISH', 'a', 'b'), command('SET', 'PUBLISH', 'b')]) {
    t.same(readAll([other]), { events: [], consumed: other.length })
  }
})

t.test('bytes that are no text are replaced, and what follows is still in step', async t => {
  const stream = Buffer.concat([command('PUBLISH', 'a', Buffer.from([0xff, 13, 10, 0x80])), publish('a', 'next')])
  t.same(readAll([stream]), { events: [{ channel: 'a', message: '\ufffd\r\n\ufffd' }, { channel: 'a', message: 'next' }], consumed: stream.length })
})

t.test('what is no stream of commands is an error', async t => {
  for (const garbage of ['PING\r\n', '+OK\r\n', '*x\r\n', '*-1\r\n', '*1.5\r\n', '*1\r\n+PING\r\n', '*1\r\n$-1\r\n', '*1\r\n$abc\r\n', '\0\0\0', '*99999999999999999999\r\n']) {
    t.throws(() => readAll([Buffer.from(garbage)]), { message: 'the replication stream is out of step' }, JSON.stringify(garbage))
  }
})

t.test('channels that are passed over are counted and not told, wherever the stream is cut', async t => {
  const told = ['a/traffic', '/pee', 'peer', 'a/peer/', '名前/PEER', '']
  const stream = Buffer.concat([...told, 'a/traffic/peer', '/peer', '名前/peer'].map(channel => publish(channel, '/peer')))
  for (let cut = 0; cut <= stream.length; cut++) {
    const reader = new ReplicationStreamReader('/peer')
    const events = [stream.subarray(0, cut), stream.subarray(cut)].flatMap(chunk => reader.read(chunk))
    if (events.map(({ channel }) => channel).join() !== told.join() || reader.passedOver !== 3 || reader.consumed !== stream.length) t.fail(`cut at ${cut}`)
  }
})
