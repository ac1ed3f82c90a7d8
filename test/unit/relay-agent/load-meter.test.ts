import t from 'tap'
import { LoadMeter } from '../../../services/relay-agent/load-meter.ts'
import { createRateMeter } from '../../../services/relay-agent/observe-node.ts'

t.test("a session's rate is the bytes of its last report over the time that report took", async t => {
  const meter = new LoadMeter()
  t.equal(meter.bitsPerSecond(0), 0)
  meter.report('one', 0, 0)
  t.equal(meter.bitsPerSecond(10_000), 0, 'nothing is known before the first report')
  meter.report('one', 2_500_000, 20_000)
  t.equal(meter.bitsPerSecond(20_000), 1_000_000)
  meter.report('one', 5_000_000, 40_000)
  t.equal(meter.bitsPerSecond(40_000), 2_000_000)
})

t.test('the load of the node is the sum of its sessions, until they are forgotten', async t => {
  const meter = new LoadMeter()
  for (const [name, bytes] of [['one', 1_250_000], ['two', 2_500_000]] as const) {
    meter.report(name, 0, 0)
    meter.report(name, bytes, 10_000)
  }
  t.equal(meter.bitsPerSecond(10_000), 3_000_000)
  meter.forget('one')
  t.equal(meter.bitsPerSecond(10_000), 2_000_000)
  meter.clear()
  t.equal(meter.bitsPerSecond(10_000), 0)
})

t.test('a session keeps its rate for as long as its last report took, then fades', async t => {
  const meter = new LoadMeter()
  meter.report('one', 0, 0)
  meter.report('one', 1_250_000, 10_000)
  t.equal(meter.bitsPerSecond(20_000), 1_000_000)
  t.equal(meter.bitsPerSecond(30_000), 500_000)
  t.equal(meter.bitsPerSecond(110_000), 100_000)
})

t.test('what is heard before a session is known is a beginning, not a rate', async t => {
  const meter = new LoadMeter()
  meter.report('one', 9_999_999, 5_000)
  t.equal(meter.bitsPerSecond(5_000), 0)
  meter.report('one', 1_250_000, 15_000)
  t.equal(meter.bitsPerSecond(15_000), 1_000_000)
})

t.test('reports within a second are one, and a refresh that brings no bytes is none', async t => {
  const meter = new LoadMeter()
  meter.report('one', 0, 0)
  meter.report('one', 500_000, 100)
  meter.report('one', 500_000, 200)
  t.equal(meter.bitsPerSecond(200), 0)
  meter.report('one', 0, 5_000)
  t.equal(meter.bitsPerSecond(5_000), 0)
  meter.report('one', 250_000, 10_000)
  t.equal(meter.bitsPerSecond(10_000), 1_000_000)
})

t.test('a replay of a long absence is spread over that absence', async t => {
  const meter = new LoadMeter()
  meter.begin('one', 0)
  for (let index = 0; index < 10; index++) meter.report('one', 1_250_000, 100_000 + index, true)
  t.equal(meter.bitsPerSecond(100_010), 1_000_000)
  meter.report('one', 2_500_000, 120_000)
  t.equal(meter.bitsPerSecond(120_000), 1_000_000, 'and the interval behind it is its own')
})

t.test('a session fast enough for several reports a second keeps its true rate', async t => {
  const meter = new LoadMeter()
  for (let index = 0; index <= 100; index++) meter.report('one', 1_250_000, index * 100)
  t.equal(meter.bitsPerSecond(10_000), 100_000_000)
})

t.test('a growing counter becomes a rate from its second reading on', async t => {
  const rate = createRateMeter()
  t.equal(rate(1_000, 0), null)
  t.equal(rate(1_250_000 + 1_000, 10_000), 1_000_000)
  t.equal(rate(1_250_000 + 1_000, 20_000), 0)
})

t.test('what is not known is no rate: a counter that was reset, a reading that failed, no time between', async t => {
  const rate = createRateMeter()
  rate(1_000_000, 0)
  t.equal(rate(5, 1_000), null, 'after a reset')
  t.equal(rate(1_005, 2_000), 8_000)
  t.equal(rate(2_005, 2_000), null, 'no time has passed')
  t.equal(rate(undefined, 3_000), null)
  t.equal(rate(3_005, 4_000), null, 'the reading before was none')
  t.equal(rate(4_005, 5_000), 8_000)
})
