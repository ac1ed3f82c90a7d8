import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { SCRAPE_INTERVAL_SECONDS } from '../../../infra/prometheus/render-config.ts'

const read = (path: string): any => parse(readFileSync(join(import.meta.dirname, '../../../grafana/provisioning', path), 'utf8'))

t.test('the data source asks as often as Prometheus scrapes, or rates would be over too few samples', async t => {
  const { apiVersion, datasources: [source, ...more] } = read('datasources/prometheus.yaml')
  t.equal(apiVersion, 1)
  t.same(more, [])
  t.match(source, { type: 'prometheus', editable: false, jsonData: { timeInterval: `${SCRAPE_INTERVAL_SECONDS}s`, httpMethod: 'POST' } })
})

t.test('dashboards are read from a folder, and nobody changes them in the browser', async t => {
  const { apiVersion, providers } = read('dashboards/spillway.yaml')
  t.equal(apiVersion, 1)
  t.match(providers, [{ type: 'file', allowUiUpdates: false, disableDeletion: true }])
})
