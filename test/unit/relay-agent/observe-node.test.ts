import t from 'tap'
import { countSessions, createRateMeter } from '../../../services/relay-agent/observe-node.ts'

const name = (app: string): { username: string } => ({ username: `1795346720:${app}.${'a'.repeat(24)}.${'b'.repeat(24)}` })

t.test('sessions of probes are not counted, those of an app with a like name are', async t => {
  t.equal(countSessions([]), 0)
  t.equal(countSessions([name('shop'), name('_probe'), name('probe'), name('_probe'), { username: 'stranger' }]), 3)
})

t.test('a rate needs two readings of a counter that grows', async t => {
  const rate = createRateMeter()
  t.equal(rate(1_000, 0), null, 'the first')
  t.equal(rate(3_000, 1_000), 16_000)
  t.equal(rate(3_000, 2_000), 0)
  t.equal(rate(10, 3_000), null, 'the counter began anew')
  t.equal(rate(undefined, 4_000), null)
  t.equal(rate(20, 5_000), null, 'after a reading that failed')
})
