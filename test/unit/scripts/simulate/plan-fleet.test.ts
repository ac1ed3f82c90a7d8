import t from 'tap'
import { fleetSizes, priceSize, tellPlan } from '../../../../scripts/simulate/plan-fleet.ts'
import type { FleetSize } from '../../../../scripts/simulate/plan-fleet.ts'
import type { Outcome } from '../../../../scripts/simulate/run-rule.ts'
import type { RateCard } from '../../../../services/domain/rate-card.ts'

const plan = (id: string, capacityMegabits = 100) => ({ id, region: 'eu', capacityMegabits, maxAllocations: 100 })
const card: RateCard = {
  prices: [
    { provider: 'cloudflare', region: '*', bills: 'out', microUsdPerGigabyte: '50000' },
    { provider: 'twilio', region: '*', bills: 'in+out', microUsdPerGigabyte: '400000' }
  ],
  flat: [],
  credits: [{ provider: 'cloudflare', gigabytesPerMonth: 1_000 }]
}
const [TWENTY_DOLLARS, MONTH_SECONDS] = [20_000_000n, 2_629_800]
/** A tenth of a month in which so many gigabytes were spilled, as many in as out. */
const outcome = (size: FleetSize, gigabytes: number): Outcome => ({
  requests: 1, credentials: {}, bytes: {}, traffic: { coturn: { bytesIn: 9e12, bytesOut: 9e12 }, cloudflare: { bytesIn: gigabytes * 5e8, bytesOut: gigabytes * 5e8 } }, spillBytes: gigabytes * 1e9, saturatedNodeSeconds: 0, nodeSeconds: size.plans.length * MONTH_SECONDS / 10, refusedAllocations: 0, flaps: 0, series: []
})

t.test('sizes: without the smallest, as it is, and up to three more of the largest', async t => {
  const sizes = fleetSizes([plan('a'), plan('b', 50)])
  t.same(sizes.map(({ changed, plans }) => [changed, plans.length]), [['without b', 1], ['as it is', 2], ['1 more like a', 3], ['2 more like a', 4], ['3 more like a', 5]])
  t.same(sizes.at(-1)?.plans.map(({ id }) => id), ['a', 'b', 'a-more-1', 'a-more-2', 'a-more-3'])
  t.same(fleetSizes([plan('a')]).map(({ nodes }) => nodes), [1, 2, 3, 4], 'the last one stays')
})

t.test('what a size costs a month, as computed by hand', async t => {
  const [one] = fleetSizes([plan('a')])
  if (!one) throw new Error('no size')
  t.match(priceSize(one, outcome(one, 400), card, TWENTY_DOLLARS), {
    spillGigabytes: 4_000,
    nodesMicroUsd: 20_000_000n,
    // 2,000 GB out, 1,000 of them free, at five cents · 4,000 GB in and out at forty
    spillMicroUsd: { cloudflare: 50_000_000n, twilio: 1_600_000_000n }
  })
  t.match(priceSize(one, outcome(one, 100), card, TWENTY_DOLLARS).spillMicroUsd, { cloudflare: 0n, twilio: 400_000_000n }, 'credits make nothing cheaper than free')
})

t.test('the cheapest size is named, with what it saves', async t => {
  const told = (gigabytes: readonly number[]) => tellPlan(fleetSizes([plan('a')]).map((size, index) => priceSize(size, outcome(size, gigabytes[index] ?? 0), card, TWENTY_DOLLARS)))
  // 70 dollars today; 40 with one more node; 60 with two
  t.match(told([400, 200, 0, 0]), /\nCheapest is the fleet 1 more like a, with spill to cloudflare: \$40(\.0+)? a month in place of \$70(\.0+)?\. It spills 2000 GB in place of 4000 GB, and its nodes cost \$40(\.0+)? in place of \$20(\.0+)?\.\n$/)
  t.match(told([200, 100, 0, 0]), /\nCheapest is the fleet as it is, with spill to cloudflare: another node would cost more than the spill it takes away\.\n$/)
  t.match(told([9_000, 6_000, 3_000, 200]), /A larger one may be cheaper still/)
  t.match(tellPlan(fleetSizes([plan('a')]).map(size => priceSize(size, outcome(size, 1), { prices: [], flat: [], credits: [] }, TWENTY_DOLLARS))), /No price is known of any paid provider/)
})
