import t from 'tap'
import { LineBatches } from '../../../services/runtime/line-batches.ts'

const begin = (): LineBatches => new LineBatches({ linesABatch: 3, bytesABatch: 64 })
/** What is sent until nothing waits, batch by batch. */
async function sendAll (waiting: LineBatches): Promise<string[][]> {
  const sent: string[][] = []
  while (waiting.size > 0) await waiting.sendFirst(async lines => { sent.push(String(lines).split('\n').slice(0, -1)) })
  return sent
}
const fails = async () => { throw new Error('nobody is there') }

t.test('lines go out in their order, as many at once as a batch has', async t => {
  const waiting = begin()
  t.same(['a', 'b', 'c', 'd'].map(line => waiting.add(line)), [false, false, true, false], 'says when a batch is full')
  t.same([waiting.size, waiting.batches], [4, 2])
  t.same(await sendAll(waiting), [['a', 'b', 'c'], ['d']])
  t.same([waiting.size, waiting.batches], [0, 0])
  waiting.add('e')
  t.same(await sendAll(waiting), [['e']], 'bytes that are used again hold nothing of before')
})

t.test('a line is never cut, whatever its letters and its length', async t => {
  const waiting = begin()
  const lines = ['ä'.repeat(20), '漢'.repeat(20), 'x'.repeat(1_000), '🙂'.repeat(15), 'short']
  for (const line of lines) waiting.add(line)
  t.same((await sendAll(waiting)).flat(), lines)
})

t.test('what fails stays first, and takes in what comes meanwhile only when it is not on its way', async t => {
  const waiting = begin()
  waiting.add('a')
  await t.rejects(waiting.sendFirst(async () => {
    waiting.add('b')
    await fails()
  }), { message: 'nobody is there' })
  t.same([waiting.size, waiting.batches], [2, 2], 'b came while a was on its way')
  for (const line of ['c', 'd', 'e']) {
    waiting.add(line)
    await t.rejects(waiting.sendFirst(fails))
  }
  t.equal(waiting.batches, 3, 'batches are filled though sending fails again and again')
  t.same((await sendAll(waiting)).flat(), ['a', 'b', 'c', 'd', 'e'])
})

t.test('bytes that somebody may still hold are not written over', async t => {
  const waiting = begin()
  let held: Buffer | undefined
  waiting.add('first')
  await t.rejects(waiting.sendFirst(async lines => {
    held = lines
    await fails()
  }))
  await sendAll(waiting)
  waiting.add('other')
  t.equal(String(held), 'first\n')
})

t.test('the oldest that are not on their way are given up first', async t => {
  const waiting = begin()
  for (const line of 'abcdefg') waiting.add(line)
  await waiting.sendFirst(async lines => {
    t.equal(String(lines), 'a\nb\nc\n')
    t.equal(waiting.dropOldest(), 3)
  })
  t.same(await sendAll(waiting), [['g']])
  t.equal(waiting.dropOldest(), 0, 'of nothing nothing')
})

t.test('without any line the sender is called all the same: it may have more to tell', async t => {
  const calls: unknown[] = []
  await begin().sendFirst(async lines => { calls.push(lines) })
  t.same(calls, [undefined])
})
