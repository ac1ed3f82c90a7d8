import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { BYTES_A_GIGABYTE, roundCost } from '../../../services/domain/money.ts'
import { billedBytes, findFlatPrice, findPrice, priceBytes, priceVersion, readRateCard } from '../../../services/domain/rate-card.ts'
import type { Price } from '../../../services/domain/rate-card.ts'

const from = { source: 'a test', asOf: '2026-11-22' }
const perGigabyte = { provider: 'twilio', region: 'germany', bills: 'in+out', usdPerGigabyte: '0.40', ...from }
const read = (prices: unknown[], credits: unknown[] = []) => readRateCard(JSON.stringify({ prices, credits }))
const shipped = readRateCard(readFileSync(new URL('../../../infra/rate-card.json', import.meta.url), 'utf8'))

t.test('the card as shipped: who bills which direction at which price', async t => {
  t.same(shipped.problems, [])
  if (!shipped.card) return
  const { card } = shipped
  const gigabyte = { bytesIn: 1e9, bytesOut: 1e9 }
  const costs: Array<[provider: string, region: string, microUsd: bigint]> = [
    ['cloudflare', 'anywhere', 50_000n], ['twilio', 'useast', 800_000n], ['twilio', 'germany', 800_000n], ['twilio', 'japan', 1_200_000n], ['twilio', 'brasil', 1_600_000n], ['twilio', 'not-known', 1_600_000n]
  ]
  for (const [provider, region, microUsd] of costs) {
    const price = findPrice(card, provider, region)
    t.equal(price && roundCost(priceBytes(price, gigabyte)), microUsd, `a gigabyte each way with ${provider} in ${region}`)
  }
  t.same(card.credits, [{ provider: 'cloudflare', gigabytesPerMonth: 1000 }])
  t.equal(findPrice(card, 'coturn', 'eu'), undefined, 'what the operator pays for nodes is not known here')
  t.equal(findFlatPrice(card, 'eu'), undefined)
})

t.test('a node may cost by the gigabyte, by the month, or both', async t => {
  const { card } = read([
    { provider: 'coturn', region: 'aws', bills: 'in+out', usdPerGigabyte: '0.09', usdPerNodeMonth: '30', ...from },
    { provider: 'coturn', region: '*', usdPerNodeMonth: '4.90', ...from }
  ])
  t.ok(card)
  if (!card) return
  t.equal(findFlatPrice(card, 'aws'), 30_000_000n)
  t.equal(findFlatPrice(card, 'eu'), 4_900_000n)
  t.equal(findPrice(card, 'coturn', 'aws')?.microUsdPerGigabyte, '90000')
  t.equal(findPrice(card, 'coturn', 'eu')?.microUsdPerGigabyte, '0', 'a gigabyte at a flat price costs nothing more')
})

t.test('every mistake is told at once, with its place', async t => {
  t.match(read([
    { ...perGigabyte, usdPerGigabyte: 0.4 },
    { ...perGigabyte, region: 'EU', usdPerGigabyte: '0.4000001' },
    { ...perGigabyte, provider: 'acme', bills: 'both', usdPerGB: '1' }
  ]).problems.sort(), [
    /^\/prices\/0\/usdPerGigabyte must be string/, /^\/prices\/1\/region must match/, /^\/prices\/1\/usdPerGigabyte must match/,
    /^\/prices\/2 must not have additional properties \(usdPerGB\)/, /^\/prices\/2\/bills .*\(in, out, in\+out\)/, /^\/prices\/2\/provider .*\(coturn, /
  ])
  const { provider, region } = perGigabyte
  t.match(read([
    perGigabyte, perGigabyte,
    { provider, region: 'india', ...from },
    { provider, region: 'japan', bills: 'out', ...from },
    { provider, region: 'brasil', usdPerNodeMonth: '5', ...from },
    { provider: 'coturn', region, usdPerGigabyte: '0.01', ...from }
  ], [{ provider: 'static', gigabytesPerMonth: 1, ...from }, { provider, gigabytesPerMonth: 1, ...from }, { provider, gigabytesPerMonth: 2, ...from }]).problems, [
    '/prices/1 is a second price of twilio in region germany', '/prices/2 has no price: set usdPerGigabyte',
    /^\/prices\/3 has no price/, '/prices/3 must have both usdPerGigabyte and bills, or neither',
    '/prices/4 has usdPerNodeMonth, but only coturn has nodes', '/prices/5 must have both usdPerGigabyte and bills, or neither',
    '/credits/0 is for static, which has no price', '/credits/2 is a second credit of twilio'
  ])
  t.match(readRateCard('{"prices":').problems, [/^it is no JSON/])
  t.match(readRateCard('[]').problems, [/^the file /])
  t.match(readRateCard('{}').problems, [/required properties prices, credits/])
})

const price = (differs: Partial<Price> = {}): Price => ({ provider: 'twilio', region: 'germany', bills: 'in+out', microUsdPerGigabyte: '400000', ...differs })

t.test('the version of a price changes with all that makes a cost, and with nothing else', async t => {
  const others: Array<Partial<Price>> = [{ provider: 'cloudflare' }, { region: 'india' }, { bills: 'out' }, { microUsdPerGigabyte: '400001' }]
  const versions = [price(), ...others.map(price)].map(priceVersion)
  t.equal(new Set(versions).size, 5)
  for (const version of versions) t.match(version, /^[0-9a-f]{12}$/, 'it fits into the name of a ledger row')
  const [first, second] = ['2026-11-22', '2027-01-01'].map(asOf => read([{ ...perGigabyte, asOf }]).card?.prices[0])
  t.equal(first && priceVersion(first), second && priceVersion(second), 'looked up again and found the same')
  t.equal(priceVersion(price()), priceVersion({ microUsdPerGigabyte: '400000', bills: 'in+out', region: 'germany', provider: 'twilio' }))
})

t.test('only what is billed costs', async t => {
  const bytes = { bytesIn: 3, bytesOut: 5 }
  t.same((['in', 'out', 'in+out'] as const).map(bills => billedBytes({ bills }, bytes)), [3n, 5n, 8n])
  fc.assert(fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (bytesIn, bytesOut) => {
    const [sent, received, both] = (['in', 'out', 'in+out'] as const).map(bills => priceBytes(price({ bills }), { bytesIn, bytesOut }))
    return both === (sent ?? 0n) + (received ?? 0n) && roundCost(both ?? 0n) <= (BigInt(bytesIn) + BigInt(bytesOut)) * 400_000n / BYTES_A_GIGABYTE + 1n
  }))
})
