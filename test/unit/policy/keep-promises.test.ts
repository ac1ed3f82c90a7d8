import t from 'tap'
import { PROMISE_MS, PromiseBook } from '../../../services/policy/keep-promises.ts'
import type { Promises } from '../../../services/policy/keep-promises.ts'

const seen = (beat: number, promises: Promises = new Map()) => ({ nodes: [{ id: 'a', beat }], promises })
const START_MS = 1_000_000

t.test('a promise stands from the moment it is given until a heartbeat can tell of it', async t => {
  const book = new PromiseBook()
  book.follow(seen(1), START_MS)
  book.promise('a', 3, START_MS + 100)
  book.promise('a', 2, START_MS + 4_500)
  t.equal(book.promised('a'), 5)
  t.equal(book.promised('b'), 0)
  book.follow(seen(1), START_MS + 4_600)
  t.equal(book.promised('a'), 5, 'the same heartbeat tells nothing new')
  book.follow(seen(2), START_MS + 5_000)
  t.equal(book.promised('a'), 2, 'a client takes up to two seconds to claim what it was promised')
  book.follow(seen(3), START_MS + 10_000)
  t.equal(book.promised('a'), 0)
})

t.test('without a heartbeat a promise is forgotten after half a minute', async t => {
  const book = new PromiseBook()
  book.follow(seen(1), START_MS)
  book.promise('a', 3, START_MS)
  book.follow(seen(1), START_MS + PROMISE_MS)
  t.equal(book.promised('a'), 3)
  book.follow(seen(1), START_MS + PROMISE_MS + 1_000)
  t.equal(book.promised('a'), 0)
})

t.test('what other control planes have promised counts as well', async t => {
  const book = new PromiseBook()
  book.follow(seen(1), START_MS)
  book.promise('a', 1, START_MS + 6_000)
  book.follow(seen(2, new Map([['a', [[1_000, 7], [1_006, 4]] as const]])), START_MS + 7_000)
  t.equal(book.promised('a'), 5, 'but for what the heartbeat tells of')
})

t.test('each promise is told to the others once, seconds summed', async t => {
  const book = new PromiseBook()
  book.promise('a', 1, START_MS)
  book.promise('a', 2, START_MS + 900)
  book.promise('b', 3, START_MS + 1_000)
  t.same(book.takeUntold(), [['a', 1_000, 3], ['b', 1_001, 3]])
  t.same(book.takeUntold(), [])
})

t.test('a node that is gone leaves nothing behind', async t => {
  const book = new PromiseBook()
  book.follow(seen(1), START_MS)
  book.promise('a', 3, START_MS)
  book.follow({ nodes: [], promises: new Map() }, START_MS + 100)
  t.equal(book.promised('a'), 0)
})
