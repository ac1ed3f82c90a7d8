import t from 'tap'
import { escapeChoice, interpolate, stepOf } from '../../../../../scripts/live/dashboards/interpolate.ts'

/** The other way Grafana writes a variable, and one with a format. */
const [BRACED, FORMATTED] = ['__range', 'node:regex'].map(name => `$\{${name}}`)
const fiveMinutes = { from: 1000, to: 1300, scrapeSeconds: 2 }

t.test('a range is asked for in steps that Grafana takes: no more often than is scraped, and a thousand of them at most', async t => {
  t.equal(stepOf(fiveMinutes), 2)
  t.equal(stepOf({ from: 0, to: 86_400, scrapeSeconds: 15 }), 120)
})

t.test('macros mean what they do in its Prometheus data source', async t => {
  t.equal(interpolate(`rate(a[$__rate_interval]) + increase(b[${BRACED}]) + c[$__interval]`, fiveMinutes, new Map()), 'rate(a[8s]) + increase(b[300s]) + c[2s]')
  t.equal(interpolate('rate(a[$__rate_interval])', { from: 0, to: 86_400, scrapeSeconds: 15 }, new Map()), 'rate(a[135s])', 'a step and a scrape')
})

t.test('variables are put in, with the way they are formatted', async t => {
  t.equal(interpolate(`a{job=~"$job", node=~"${FORMATTED}"}`, fiveMinutes, new Map([['job', '.+'], ['node', '(a|b)']])), 'a{job=~".+", node=~"(a|b)"}')
})

t.test('a variable the dashboard has not is a mistake', async t => {
  t.throws(() => interpolate('a{x="$missing"}', fiveMinutes, new Map()), { message: /\$missing/ })
})

t.test('a chosen value matches itself and nothing else, in a string in an expression', async t => {
  t.equal(escapeChoice('127.0.0.1:8081'), '127\\\\.0\\\\.0\\\\.1:8081')
})
