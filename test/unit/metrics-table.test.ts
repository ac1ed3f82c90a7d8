import { readFileSync } from 'node:fs'
import t from 'tap'
import { listMetrics } from '../../scripts/list-metrics.ts'

const ALL = 'All processes'
const chapters = readFileSync(new URL('../../services/METRICS.md', import.meta.url), 'utf8').split(/^## /m).slice(1)
const ROW = /^\| `(\w+)` \| (counter|gauge|histogram) \| ([\w, ]*)\| (done|shared|own) \| \S.* \|$/
const describe = (name: string, type: string, labels: string[]): string => `${name} ${type} ${labels.join(',')}`.trim()

/** Process -> its rows. */
const table = new Map(chapters.map(chapter => {
  const [title = '', ...lines] = chapter.split('\n')
  const rows = lines.filter(line => line.startsWith('| `')).map(line => {
    const [, name = '', type = '', labels = '', kind = ''] = ROW.exec(line) ?? [undefined, line]
    return { kind, name, type, text: describe(name, type, labels.trim().split(', ').filter(Boolean)) }
  })
  return [title, rows]
}))

const own = Map.groupBy(listMetrics().filter(({ name }) => name.startsWith('spillway_')), ({ process }) => process)
const textsOf = (process: string): string[] => (own.get(process) ?? []).map(({ name, type, labels }) => describe(name.replace('spillway_', ''), type, labels))

t.test('the table of metrics is that of the processes, with types and labels, and nothing is said twice', async t => {
  const common = (table.get(ALL) ?? []).map(({ text }) => text)
  t.same([...table.keys()].sort(), [ALL, ...own.keys()].sort(), 'a chapter for each process')
  for (const process of own.keys()) {
    t.same([...common, ...table.get(process)?.map(({ text }) => text) ?? []].sort(), textsOf(process).sort(), process)
  }
})

t.test('a counter is of what was done, and what was done is no gauge', async t => {
  for (const { name, type, kind } of [...table.values()].flat()) t.equal(type === 'gauge', kind !== 'done' && type !== 'histogram', name)
})
