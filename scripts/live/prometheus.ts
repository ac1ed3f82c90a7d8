import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { renderPrometheusConfig } from '../../infra/prometheus/render-config.ts'
import { tcp, urlOf } from '../native/part.ts'
import { repository } from './live-stack.ts'
import type { LiveStack } from './live-stack.ts'

/** A run of minutes needs more points than the fifteen seconds of an installation give. */
export const SCRAPE_SECONDS = 2

/** One series of an answer: a value for each time, in unix seconds. */
export interface Series { metric: Record<string, string>, values: Array<[time: number, value: string]> }

/** Debian's Prometheus with the rules of infra/prometheus, scraping every process of the stack; stops with it. Returns how to ask it. */
export async function startPrometheus (stack: LiveStack) {
  const address = { host: '127.0.0.1', port: stack.prometheusPort }
  const folder = join(stack.folder, 'prometheus')
  mkdirSync(folder, { recursive: true })
  const configFile = join(folder, 'prometheus.yml')
  const at = (urls: readonly string[]) => ({ at: urls.map((url) => new URL(url).host) })
  writeFileSync(configFile, renderPrometheusConfig({
    controlPlane: at(stack.metricsUrls['control-plane']),
    ledger: at(stack.metricsUrls.ledger),
    prober: at(stack.metricsUrls.prober),
    relayAgent: at(stack.metricsUrls['relay-agent']),
    prometheus: { at: [`${address.host}:${address.port}`] },
    alertmanagers: [],
    rulesFolder: join(repository, 'infra/prometheus/rules'),
    scrapeIntervalSeconds: SCRAPE_SECONDS
  }))
  const url = urlOf(address)
  await stack.startPart({
    name: 'prometheus',
    command: ['prometheus', `--config.file=${configFile}`, `--storage.tsdb.path=${join(folder, 'data')}`, `--web.listen-address=${address.host}:${address.port}`, '--log.level=warn'],
    environment: {},
    ports: [tcp(address, 'SPILLWAY_PROMETHEUS_PORT')],
    probe: { kind: 'http', url: `${url}/-/ready` }
  })
  return askPrometheus(url)
}
export type Prometheus = ReturnType<typeof askPrometheus>

/** The HTTP API of a Prometheus, as Grafana uses it. Times in unix seconds. */
export function askPrometheus (url: string) {
  /** @throws with Prometheus' own words where it refuses */
  async function ask<Data> (path: string, parameters: Record<string, string>): Promise<Data> {
    const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`)
    const { status, data, error } = await response.json() as { status: string, data: Data, error?: string }
    if (status !== 'success') throw new Error(error ?? `${path} answered ${response.status}`)
    return data
  }
  const query = async (expr: string, time?: number): Promise<Series[]> => {
    const { resultType, result } = await ask<{ resultType: string, result: any }>('query', { query: expr, ...time === undefined ? {} : { time: String(time) } })
    if (resultType === 'scalar') return [{ metric: {}, values: [result] }]
    return (result as Array<{ metric: Record<string, string>, value: [number, string] }>).map(({ metric, value }) => ({ metric, values: [value] }))
  }
  return {
    url,
    query,
    /** The one number an expression comes to; undefined where it has no series. */
    number: async (expr: string): Promise<number | undefined> => {
      const [series] = await query(expr)
      return series === undefined ? undefined : Number(series.values[0]?.[1])
    },
    queryRange: async (expr: string, start: number, end: number, step: number): Promise<Series[]> =>
      (await ask<{ result: Series[] }>('query_range', { query: expr, start: String(start), end: String(end), step: String(step) })).result,
    labelValues: async (label: string, selector: string, start: number, end: number): Promise<string[]> =>
      await ask<string[]>(`label/${label}/values`, { 'match[]': selector, start: String(start), end: String(end) }),
    /** Rules that could not be evaluated, each with its error. */
    failedRules: async (): Promise<string[]> => {
      const { groups } = await ask<{ groups: Array<{ rules: Array<{ name: string, health: string, lastError?: string }> }> }>('rules', {})
      return groups.flatMap(({ rules }) => rules).filter(({ health }) => health === 'err').map(({ name, lastError }) => `${name}: ${lastError}`)
    },
    /** Alerts that fire now, by name. */
    firingAlerts: async (): Promise<string[]> => {
      const { alerts } = await ask<{ alerts: Array<{ state: string, labels: Record<string, string> }> }>('alerts', {})
      return [...new Set(alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname ?? ''))].sort()
    }
  }
}
