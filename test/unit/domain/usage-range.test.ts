import t from 'tap'
import { KEEP_DAYS_DAYS, readRange, spanOf } from '../../../services/domain/usage.ts'

const NOW = Date.parse('2026-11-22T10:30:00Z')
const range = (from?: string, to?: string) => {
  const read = readRange(from, to, NOW)
  return read && [new Date(read.fromMs).toISOString(), new Date(read.toMs).toISOString()]
}

t.test('without words it is the day up to now, in whole hours', async t => {
  t.same(range(), ['2026-11-21T10:00:00.000Z', '2026-11-22T11:00:00.000Z'])
})

t.test('what is asked for is answered whole: the hours that hold both ends', async t => {
  t.same(range('2026-11-01', '2026-11-02'), ['2026-11-01T00:00:00.000Z', '2026-11-02T00:00:00.000Z'])
  t.same(range('2026-11-01T10:15Z', '2026-11-01T10:20:30Z'), ['2026-11-01T10:00:00.000Z', '2026-11-01T11:00:00.000Z'])
  t.same(range('2026-11-01T10:00:00.5+02:00', '2026-11-02'), ['2026-11-01T08:00:00.000Z', '2026-11-02T00:00:00.000Z'])
})

t.test('words that mean no moment, or another one on every machine, are refused', async t => {
  for (const word of ['yesterday', '1', '2026', '2026-11', '2026-11-01T10:00', 'Nov 1 2026', '2026-13-01', '2026-11-01T25:00Z', '']) t.equal(range(word), undefined, word)
})

t.test('the ends must follow each other, and lie no further apart than anything is kept', async t => {
  t.equal(range('2026-11-02', '2026-11-01'), undefined)
  t.equal(range('2026-11-02', '2026-11-02'), undefined)
  t.equal(range('2020-01-01', '2026-11-01'), undefined)
  t.ok(range(new Date(NOW - KEEP_DAYS_DAYS * 86_400_000).toISOString()))
})

t.test('a period is an hour, or a day once its hours are folded', async t => {
  t.same(spanOf('2026112210'), { startMs: Date.parse('2026-11-22T10:00Z'), endMs: Date.parse('2026-11-22T11:00Z') })
  t.same(spanOf('20261122'), { startMs: Date.parse('2026-11-22'), endMs: Date.parse('2026-11-23') })
})
