import t from 'tap'
import { createSharedMints } from '../../../services/upstream/shared-mints.ts'
import { UpstreamError } from '../../../services/upstream/upstream-error.ts'

/** A clock to turn, and mints that end when they are told to. */
function desk (keepMs: number) {
  let nowMs = 0
  const pending: Array<PromiseWithResolvers<string>> = []
  const take = createSharedMints<string>(() => nowMs, keepMs)
  return {
    pending,
    wait: (ms: number) => { nowMs += ms },
    take: async (key: string, usable = (_value: string) => true) => await take(key, usable, async () => {
      const mint = Promise.withResolvers<string>()
      pending.push(mint)
      return await mint.promise
    })
  }
}

t.test('a thousand identical requests at a time make one mint, others their own', async t => {
  const { take, pending } = desk(0)
  const same = Array.from({ length: 1_000 }, async () => await take('a', () => false))
  const other = take('b')
  t.equal(pending.length, 2)
  pending[0]?.resolve('first')
  pending[1]?.resolve('second')
  t.same([...new Set(await Promise.all(same))], ['first'])
  t.equal(await other, 'second')
  const later = take('a')
  t.equal(pending.length, 3, 'nothing is kept beyond')
  pending[2]?.resolve('third')
  t.equal(await later, 'third')
})

t.test('what is kept serves until its time is over, or it is no longer good enough', async t => {
  const { take, pending, wait } = desk(30_000)
  const first = take('a')
  pending[0]?.resolve('first')
  await first
  wait(29_999)
  t.equal(await take('a'), 'first')
  take('a', value => value !== 'first').catch(() => {})
  t.equal(pending.length, 2, 'not good enough: another is made')
  pending[1]?.resolve('second')
  t.equal(await take('a'), 'second', 'which takes its place')
  wait(30_000)
  take('a').catch(() => {})
  t.equal(pending.length, 3)
})

t.test('a failure is told to whoever asks the same within a second; one that was never sent is not kept', async t => {
  const { take, pending, wait } = desk(0)
  for (const [kind, kept] of [['server_error', true], ['circuit_open', false], ['busy', false]] as const) {
    const begun = pending.length
    const first = take(kind)
    pending.at(-1)?.reject(new UpstreamError(kind, 'no'))
    await t.rejects(first, { name: 'UpstreamError', kind })
    const again = take(kind)
    t.equal(pending.length - begun, kept ? 1 : 2, kind)
    pending.at(-1)?.reject(new UpstreamError(kind, 'no'))
    await t.rejects(again, { name: 'UpstreamError', kind })
    wait(1_000)
  }
  take('server_error').catch(() => {})
  t.equal(pending.length, 6, 'a second later it is tried')
})

t.test('ten thousand are held and no more: the oldest goes', async t => {
  const { take, pending } = desk(60_000)
  for (let index = 0; index <= 10_000; index++) {
    const taken = take(String(index))
    pending.at(-1)?.resolve('value')
    await taken
  }
  await take('10000')
  t.equal(pending.length, 10_001)
  take('0').catch(() => {})
  t.equal(pending.length, 10_002)
})
