import t from 'tap'
import { selectorsOf } from '../../../../scripts/promql/read-selectors.ts'

t.test('a selector is told with its matchers, as they are written', async t => {
  t.same(selectorsOf('a{job=~"$job", node!="x"} / b'), [
    { name: 'a', matchers: [{ label: 'job', operator: '=~', value: '$job' }, { label: 'node', operator: '!=', value: 'x' }] },
    { name: 'b', matchers: [] }
  ])
})

t.test('a range vector is told with its range and the function it is given to', async t => {
  t.match(selectorsOf('sum(rate(a[5m]))'), [{ range: '5m', call: 'rate', aggregation: 'sum' }])
  t.match(selectorsOf('avg_over_time((max(a) > 1)[5m:1m])'), [{ name: 'a', range: undefined, call: undefined, aggregation: 'max' }], 'a subquery makes no range vector of it')
  t.match(selectorsOf('a[5m]'), [{ range: '5m', call: undefined, aggregation: undefined }])
  t.match(selectorsOf('sum(max by (x) (a)) + a'), [{ aggregation: 'max' }, { aggregation: undefined }], 'the innermost aggregation')
})
