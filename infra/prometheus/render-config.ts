import { stringify } from 'yaml'

/** Where a job finds its targets. */
export type Targets =
  /** HOST:PORT each */
  | { at: readonly string[] }
  /** all addresses of a name, as with a service that is scaled */
  | { dns: string, port: number }
  /** an http_sd, such as GET /admin/v1/prometheus/targets, read with the token in a file */
  | { from: string, tokenFile: string }

export interface PrometheusPlan {
  controlPlane: Targets
  ledger: Targets
  prober: Targets
  relayAgent: Targets
  /** Prometheus itself, as it finds itself */
  prometheus: Targets
  /** HOST:PORT each; none: alerts are seen in Prometheus and Grafana only */
  alertmanagers: readonly string[]
  /** a path, or one relative to the configuration file */
  rulesFolder: string
  /** whole seconds; SCRAPE_INTERVAL_SECONDS without it */
  scrapeIntervalSeconds?: number
}

/**
 * Agents speak and nodes are probed every five seconds, but rules look at minutes: at 15 s a rate over one minute still has
 * four samples, at a third of the load. The data source of Grafana names the same interval. Rules hold for shorter ones too.
 */
export const SCRAPE_INTERVAL_SECONDS = 15
const SCRAPE_TIMEOUT_SECONDS = 10

/** `docker compose`: services by their names; agents are on the network of the host, as coturn is. */
export const COMPOSE_PLAN: PrometheusPlan = {
  controlPlane: { dns: 'control-plane', port: 8081 },
  ledger: { at: ['ledger:8082'] },
  prober: { at: ['prober:8083'] },
  relayAgent: { at: ['host.docker.internal:8084'] },
  prometheus: { at: ['localhost:9090'] },
  alertmanagers: ['alertmanager:9093'],
  rulesFolder: 'rules'
}

/** A configuration of Prometheus 2.42 and newer, 3 included. */
export function renderPrometheusConfig (plan: PrometheusPlan): string {
  const intervalSeconds = plan.scrapeIntervalSeconds ?? SCRAPE_INTERVAL_SECONDS
  const job = (name: string, targets: Targets) => ({ job_name: name, ...discover(targets, intervalSeconds) })
  return stringify({
    global: {
      scrape_interval: `${intervalSeconds}s`,
      scrape_timeout: `${Math.min(intervalSeconds, SCRAPE_TIMEOUT_SECONDS)}s`,
      evaluation_interval: `${intervalSeconds}s`
    },
    rule_files: [`${plan.rulesFolder}/*.yml`],
    ...plan.alertmanagers.length === 0 ? {} : { alerting: { alertmanagers: [{ static_configs: [{ targets: plan.alertmanagers }] }] } },
    scrape_configs: [
      job('control-plane', plan.controlPlane),
      job('ledger', plan.ledger),
      job('prober', plan.prober),
      job('relay-agent', plan.relayAgent),
      job('prometheus', plan.prometheus)
    ]
  }, { lineWidth: 0 })
}

function discover (targets: Targets, intervalSeconds: number) {
  if ('at' in targets) return { static_configs: [{ targets: targets.at }] }
  const refresh = { refresh_interval: `${intervalSeconds}s` }
  if ('dns' in targets) return { dns_sd_configs: [{ names: [targets.dns], type: 'A', port: targets.port, ...refresh }] }
  return { http_sd_configs: [{ url: targets.from, authorization: { credentials_file: targets.tokenFile }, ...refresh }] }
}
