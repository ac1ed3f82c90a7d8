import t from 'tap'
import { measureScrape } from '../../../../scripts/bench/measure-scrape.ts'

t.test('a thousand nodes and two thousand apps stay within the bounds of every metric, and within what can be scraped', async t => {
  const { prober, ledger } = await measureScrape()
  t.equal(prober.dropped, 0)
  t.equal(ledger.dropped, 0)
  t.ok(prober.series > 30_000 && prober.series < 45_000, `${prober.series} series of nodes`)
  t.ok(ledger.series > 10_000 && ledger.series < 20_000, `${ledger.series} series, for apps share a label`)
})
