import fc from 'fast-check'
import t from 'tap'
import { EventQueue } from '../../../../scripts/simulate/event-queue.ts'
import { parseFleet } from '../../../../scripts/simulate/fleet.ts'
import { makeTrace, SHAPES } from '../../../../scripts/simulate/make-trace.ts'
import { parseTrace, writeTrace } from '../../../../scripts/simulate/trace.ts'
import type { Call } from '../../../../scripts/simulate/trace.ts'
import { World } from '../../../../scripts/simulate/world.ts'

const HEADER = 'start_s,duration_s,kbps_up,kbps_down,region,room,relayed'

t.test('what happens comes in the order of its time', async t => {
  fc.assert(fc.property(fc.array(fc.double({ noNaN: true, min: 0, max: 1e6 })), times => {
    const queue = new EventQueue<number>()
    for (const time of times) queue.push(time, time)
    return times.map(() => queue.pop()).every((time, index) => time === [...times].sort((a, b) => a - b)[index]) && queue.nextTime === Infinity && queue.pop() === undefined
  }))
  t.pass('by 100 random orders')
})

t.test('a trace is read as it is written, in the order of its beginnings', async t => {
  const calls = parseTrace(`${HEADER}\n5,60,100,200,eu,r,1\r\n1.5,0,0,0,,,0\n\n`, 'x.csv')
  t.match(calls, [{ startSeconds: 1.5, relayed: false, region: '' }, { startSeconds: 5, durationSeconds: 60, megabitsUp: 0.1, megabitsDown: 0.2, room: 'r', relayed: true }])
  t.same(parseTrace(writeTrace(calls), 'again'), calls)
})

t.test('a trace that cannot be read is refused with its first bad line', async t => {
  for (const line of ['1,2,3,4,eu,r', '1,2,3,4,eu,r,1,9', '-1,2,3,4,eu,r,1', 'x,2,3,4,eu,r,1', ',2,3,4,eu,r,1', '1,2,3,4,eu,r,yes', '1,Infinity,3,4,eu,r,1']) {
    t.throws(() => parseTrace(`${HEADER}\n0,1,1,1,eu,r,1\n${line}\n`, 'x.csv'), { message: /^x\.csv, line 3: / }, line)
  }
  t.throws(() => parseTrace('a,b\n', 'x.csv'), { message: /first line must be start_s/ })
})

t.test('a fleet is read, and refused with what is wrong and where', async t => {
  const node = { id: 'a', region: 'eu', capacityMbps: 100, maxAllocations: 10 }
  t.match(parseFleet(JSON.stringify({ nodes: [node], neighbours: { eu: ['us'] }, policy: { enter: 0.8 } }), 'f.json'), { nodes: [{ id: 'a', capacityMegabits: 100 }], policy: { enter: 0.8 } })
  for (const [what, json] of [['no JSON', '{'], ['no nodes', '{"nodes":[]}'], ['no capacity', JSON.stringify({ nodes: [{ ...node, capacityMbps: 0 }] })], ['a word too many', JSON.stringify({ nodes: [node], speed: 1 })], ['one id twice', JSON.stringify({ nodes: [node, node] })]] as const) {
    t.throws(() => parseFleet(json, 'f.json'), { message: /^f\.json: ./ }, what)
  }
})

t.test('a made trace offers the load of its shape, and its seed names it', async t => {
  const shape = SHAPES.flash
  if (!shape) throw new Error('no shape')
  const [calls, again, other] = [1, 1, 2].map(seed => makeTrace({ shape, seed, regionMegabits: 1_000 }))
  t.equal(JSON.stringify(calls), JSON.stringify(again))
  t.not(JSON.stringify(calls), JSON.stringify(other))
  const sumBetween = (from: number, to: number): number => (calls ?? []).filter(({ startSeconds, relayed }) => relayed && startSeconds >= from && startSeconds < to).reduce((sum, { megabits, durationSeconds }) => sum + megabits * durationSeconds, 0) / (to - from)
  t.ok(Math.abs(sumBetween(0, 1_800) - 200) < 60, `${sumBetween(0, 1_800)} Mbit/s before the rush`)
  t.ok(Math.abs(sumBetween(1_860, 2_460) - 3_000) < 500, `${sumBetween(1_860, 2_460)} Mbit/s in it`)
})

const call = (differs: Partial<Call> = {}): Call => ({ startSeconds: 0, durationSeconds: 100, megabitsUp: 0.5, megabitsDown: 0.5, megabits: 1, region: 'eu', room: 'r', relayed: true, ...differs })

t.test('an agent hears of a call as late as coturn says it, and of its end at once', async t => {
  const world = new World([{ id: 'a', region: 'eu', capacityMegabits: 10, maxAllocations: 100 }])
  const [node] = world.nodes
  if (!node) throw new Error('no node')
  const at = (second: number) => {
    for (let now = at.last + 1; now <= second; now++) world.tick(now)
    at.last = second
    return node
  }
  at.last = -1
  world.place(call(), 0.5, [{ node, urls: 3 }])
  t.equal(at(10).megabits, 1)
  t.match(at(15).heartbeat, { megabits: 0, sessions: 3 }, '4096 packets take sixteen seconds')
  t.match(at(20).heartbeat, { megabits: 1, sessions: 3 })
  t.match(at(35).heartbeat, { megabits: 1, sessions: 1 }, 'the idle ones are gone')
  t.match(at(105).heartbeat, { megabits: 0, sessions: 0 })
  t.equal(node.megabits, 0)
})

t.test('a node is overloaded for as long as its true load is above what it carries', async t => {
  const world = new World([{ id: 'a', region: 'eu', capacityMegabits: 1.5, maxAllocations: 2 }])
  const [node] = world.nodes
  if (!node) throw new Error('no node')
  world.place(call(), 0, [{ node, urls: 1 }])
  world.place(call({ durationSeconds: 30 }), 10, [{ node, urls: 2 }])
  world.advance(50)
  t.equal(node.saturatedUntil(50), 30)
  t.equal(node.refused, 1, 'the quota of two would have refused the third')
})
