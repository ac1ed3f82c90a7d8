import t from 'tap'
import { planDemo } from '../../../../scripts/demo/plan-demo.ts'

t.test('phases take the time that was given, and each begins with the calls the one before ended with', async t => {
  const phases = planDemo(300)
  t.ok(Math.abs(phases.reduce((sum, { seconds }) => sum + seconds, 0) - 300) < 0.001)
  for (const [index, { calls: [from] }] of phases.entries()) if (index > 0) t.equal(from, phases[index - 1]?.calls[1])
})

t.test('what is broken is mended again', async t => {
  const deeds = planDemo(300).flatMap(({ deeds }) => deeds)
  for (const [broken, mended] of [['fail-cloudflare', 'mend-cloudflare'], ['drain', 'undrain'], ['kill-relay', 'restart-relay']] as const) {
    t.ok(deeds.indexOf(broken) >= 0 && deeds.indexOf(mended) > deeds.indexOf(broken), mended)
  }
})
