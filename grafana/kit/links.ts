import { runbookUrl } from '../../infra/prometheus/runbook-url.ts'
import type { Link } from './panel-spec.ts'

/** Another dashboard, at the same time range and with the same choices. */
export const detail = (uid: string, title: string): Link => ({ title, url: `/d/${uid}?\${__url_time_range}&\${__all_variables}` })

export const toFleet = detail('spillway-fleet', 'Fleet and nodes')
export const toCost = detail('spillway-cost', 'Cost and spill')
export const toControlPlane = detail('spillway-control-plane', 'Control plane')
export const toSlo = detail('spillway-slo', 'SLO')

/** What to do about it. */
export const runbook = (alert: string): Link => ({ title: `Runbook: ${alert}`, url: runbookUrl(alert) })
