import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { controlPlane } from './control-plane/control-plane.ts'
import { cost } from './cost/cost.ts'
import { fleet } from './fleet/fleet.ts'
import { buildDashboard } from './kit/build-dashboard.ts'
import { overview } from './overview/overview.ts'
import { slo } from './slo/slo.ts'

export interface BuiltDashboard { uid: string, title: string, dashboard: Dashboard }

/** All of them, built anew; in the order of the links between them. */
export const dashboards = (): BuiltDashboard[] => [overview, fleet, cost, controlPlane, slo]
  .map(spec => ({ uid: spec.uid, title: spec.title, dashboard: buildDashboard(spec) }))

/** What stands in the committed file of one of them. */
export const toJson = ({ dashboard }: BuiltDashboard): string => `${JSON.stringify(dashboard, null, 2)}\n`
