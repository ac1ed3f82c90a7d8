import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import t from 'tap'
import { until } from '../../../scripts/until.ts'
import { readOutbox } from '../../../services/store/agent-state.ts'
import { startUsageLine } from './usage-line.ts'
import type { Call, Life } from './usage-line.ts'

t.test('what coturn says of a call reaches the ledger, byte for byte', async t => {
  const line = await startUsageLine(t)
  const life = await line.live()
  await life.followed()
  const [one, two] = [line.call(1), line.call(2, { app: 'chat' })]
  await one.begin()
  await one.relay(1_000, 200)
  await two.begin()
  await one.refresh()
  await one.relay(3_000, 400)
  await two.relay(5_000_000_000, 7)
  await one.end(10, 20)
  await line.settle(life)
  await line.compare(t)
  t.match(await line.ledger(), { sessions: 2, bytesIn: 5_000_004_010, bytesOut: 627 })
  t.equal(life.follower.gaps, 0)
})

t.test('an agent that dies at any moment, again and again, loses nothing and counts nothing twice', async t => {
  const line = await startUsageLine(t)
  let life: Life | undefined = await line.live()
  await life.followed()
  // until then a node has no position to go on from
  await life.follower.save()
  const open: Call[] = []
  let number = 0
  let unsaved = 0
  const bytes = fc.nat(3_000_000)
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('begin' as const) }) },
    { weight: 8, arbitrary: fc.record({ do: fc.constant('relay' as const), which: fc.nat(), bytesIn: bytes, bytesOut: bytes }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat(), bytesIn: bytes, bytesOut: bytes }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('claim' as const), which: fc.nat() }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('hear' as const), turns: fc.nat(12) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('save' as const, 'pump' as const, 'stop' as const) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('crash' as const), saving: fc.boolean(), turns: fc.nat(12) }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('live' as const) }) }
  )
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 80 }), async steps => {
    for (const step of steps) {
      line.clock.ms += 1_000
      switch (step.do) {
        case 'begin': {
          const call = line.call(++number)
          open.push(call)
          await call.begin()
          break
        }
        case 'relay':
          await open[step.which % open.length]?.relay(step.bytesIn, step.bytesOut)
          break
        case 'end':
          await open.splice(step.which % (open.length || 1), 1)[0]?.end(step.bytesIn, step.bytesOut)
          break
        case 'claim':
          await line.stats.publish(`turn/realm/eu-1.turn.example.org/user/${line.usernameOf('shop', 'user 1')}/allocation/0000000000000777${step.which % 90 + 10}/traffic`, 'rcvp=1, rcvb=5555, sentp=1, sentb=5555')
          break
        case 'hear': {
          await life?.followed()
          for (let count = 0; count < step.turns; count++) await turn()
          break
        }
        case 'save':
          await life?.follower.save()
          break
        case 'pump':
          await life?.pump()
          break
        case 'crash': {
          if (!life) break
          const saving = step.saving ? life.follower.save() : undefined
          for (let count = 0; count < step.turns; count++) await turn()
          const settled = saving?.catch(() => {})
          if (!life.follower.clean) unsaved += 1
          await life.crash()
          await settled
          life = undefined
          break
        }
        case 'stop':
          await life?.stop()
          life = undefined
          break
        case 'live':
          life ??= await line.live()
      }
    }
    life ??= await line.live()
    await line.settle(life)
    await line.compare(t)
    t.equal(life.follower.gaps, 0, 'the backlog held everything')
    t.equal(life.follower.open.all.size, open.length, 'what has ended is forgotten')
    return t.passing()
  }), { numRuns: 40, endOnFailure: true })
  t.ok(unsaved > 10, `it died ${unsaved} times with something heard that was not saved, over ${number} calls`)
})

t.test('calls that begin and end while no agent lives are counted by the next one', async t => {
  const line = await startUsageLine(t)
  const first = await line.live()
  await first.followed()
  const over = line.call(1)
  await over.begin()
  await line.settle(first)
  await first.crash()
  await over.end(700, 70)
  for (let number = 2; number < 302; number++) {
    const call = line.call(number)
    await call.begin()
    await call.relay(number, 2 * number)
    if (number % 3 > 0) await call.end(1, 1)
  }
  const second = await line.live()
  await line.settle(second)
  await line.compare(t)
  t.equal(second.follower.open.all.size, 100)
})

t.test('what was heard before the agent was stopped is saved: the next one starts at once where it stood, and sends the rest', async t => {
  const line = await startUsageLine(t)
  const first = await line.live()
  await first.followed()
  const call = line.call(1)
  await call.begin()
  await call.relay(500, 600)
  await until('it is heard', () => first.follower.open.all.size === 1)
  const { log } = first.follower
  await first.stop()
  const second = await line.live()
  await second.followed()
  t.equal(second.follower.open.all.size, 1)
  t.equal(second.follower.log, log)
  await line.settle(second)
  await line.compare(t)
})

t.test('after a new boot the same allocation id is another session, and the old one is closed as lost', async t => {
  const line = await startUsageLine(t)
  const life = await line.live()
  await life.followed()
  const before = line.call(1)
  await before.begin()
  await before.relay(1_000, 10)
  before.state = 'lost'
  await line.boot('boot-2')
  const after = line.call(1)
  await after.begin()
  await after.end(7, 8)
  await line.settle(life)
  t.equal(life.follower.boot, 'boot-2')
  await line.compare(t)
  t.same(Object.keys(await line.booked()).sort(), ['boot-1/000000000000000001', 'boot-2/000000000000000001'])
})

for (const seen of [true, false]) {
  t.test(`a new boot ${seen ? 'in the stream' : 'that the stream no longer holds'}, while no agent lived, ends the calls of the old one`, async t => {
    const line = await startUsageLine(t)
    if (!seen) await line.operator.config('SET', 'repl-backlog-size', '16kb')
    const first = await line.live()
    await first.followed()
    const before = line.call(1)
    await before.begin()
    await before.relay(1_000, 10)
    await line.settle(first)
    await first.crash()
    before.state = 'lost'
    await line.boot('boot-2')
    const after = line.call(1)
    await after.begin()
    if (!seen) for (let count = 0; count < 300; count++) await line.operator.publish('noise', 'n'.repeat(100))
    const second = await line.live()
    await second.followed()
    t.equal(second.follower.gaps, seen ? 0 : 1)
    await until('the boot is told of', () => second.boots.includes('boot-2'))
    t.same(second.boots, ['boot-2'], 'whoever withheld secrets from the old boot hears of the new one')
    // keys of a boot that was never seen may be left-overs of the one before: its next refresh vouches for a session
    if (!seen) await after.refresh()
    await after.relay(55, 66)
    await line.settle(second)
    await line.compare(t)
  })
}

t.test('a backlog that ran over is a gap: live calls go on, those that ended unseen are closed as lost, a late total corrects', async t => {
  const line = await startUsageLine(t)
  await line.operator.config('SET', 'repl-backlog-size', '16kb')
  const first = await line.live()
  await first.followed()
  const [lives, ends] = [line.call(1), line.call(2)]
  for (const call of [lives, ends]) {
    await call.begin()
    await call.relay(1_000, 2_000)
  }
  await line.settle(first)
  await first.crash()
  await ends.delete()
  ends.state = 'lost'
  const fresh = line.call(3)
  await fresh.begin()
  for (let count = 0; count < 300; count++) await line.operator.publish('noise', 'n'.repeat(100))
  const second = await line.live()
  await second.followed()
  t.equal(second.follower.gaps, 1)
  t.equal(second.follower.open.all.size, 2)
  await line.settle(second)
  await line.compare(t, 'as known after the gap')

  await ends.end(500, 500)
  await lives.end(1, 2)
  await fresh.end(3, 4)
  await line.settle(second)
  await line.compare(t, 'as coturn said in the end')
})

t.test('while the outbox is crowded only endings go into it, and the rest follows', async t => {
  const line = await startUsageLine(t)
  const life = await line.live()
  await life.followed()
  const calls = Array.from({ length: 10 }, (_, index) => line.call(index + 1))
  life.crowd(501)
  for (const call of calls) {
    await call.begin()
    await call.relay(100, 200)
  }
  await calls[0]?.end(1, 1)
  await until('all is heard', () => life.follower.open.all.size === 9)
  await until('the end is saved', async () => {
    await life.follower.save()
    return life.follower.sequence > 0
  })
  const states = (await readOutbox(life.redis, 0, 100)).flatMap(({ batch }) => JSON.parse(batch).rows).map(({ state }: { state: string }) => state)
  t.same(states, ['closed'])
  t.equal(life.follower.clean, false, 'the open ones wait')

  await t.test('even if the agent dies before it could send them', async t => {
    await life.crash()
    const next = await line.live()
    await next.followed()
    await line.settle(next)
    await line.compare(t)
  })
})

t.test('a session is closed as lost when its total does not follow its deletion, or when it is silent for too long', async t => {
  const line = await startUsageLine(t)
  const life = await line.live()
  await life.followed()
  const [deleted, silent, alive] = [line.call(1), line.call(2), line.call(3)]
  for (const call of [deleted, silent, alive]) {
    await call.begin()
    await call.relay(10, 10)
  }
  await deleted.delete()
  await line.settle(life)
  life.follower.sweep()
  t.equal(life.follower.open.all.size, 3, 'ten seconds are left to it')
  line.clock.ms += 10_001
  life.follower.sweep()
  deleted.state = 'lost'
  t.equal(life.follower.open.all.size, 2)
  line.clock.ms += 1_700_000
  await alive.refresh()
  await line.settle(life)
  line.clock.ms += 200_000
  life.follower.sweep()
  silent.state = 'lost'
  await line.settle(life)
  await line.compare(t)
  await silent.end(90, 90)
  await line.settle(life)
  await line.compare(t, 'and its total corrects it')
})

t.test('allocations of unknown rate are told until their rate is known; those of probes are not', async t => {
  const line = await startUsageLine(t)
  const life = await line.live()
  await life.followed()
  const [call, quiet, probe] = [line.call(1), line.call(2), line.call(3, { app: '_probe' })]
  for (const one of [call, quiet, probe]) await one.begin()
  await until('all are heard', () => life.follower.open.all.size === 3)
  const unknown = () => life.follower.open.lookAtAllocations().unresolved.reduce((sum, count) => sum + count, 0)
  t.equal(unknown(), 2)
  line.clock.ms += 20_000
  await call.relay(1_000_000, 1_000_000)
  await until('the rate of one is known', () => unknown() === 1)
  t.ok(life.follower.open.loadBitsPerSecond() > 0)
  await quiet.end(0, 0)
  await until('the other has ended', () => unknown() === 0)
})
