import type { DashboardSpec } from '../kit/build-dashboard.ts'
import { agents } from './agents.ts'
import { errors } from './errors.ts'
import { inventory } from './inventory.ts'
import { saturation } from './saturation.ts'
import { utilisation } from './utilisation.ts'

export const fleet: DashboardSpec = {
  uid: 'spillway-fleet',
  title: 'Spillway / Fleet and nodes',
  description: 'Utilisation, saturation and errors of each relay.',
  variables: ['job', 'region', 'node'],
  from: 'now-1h',
  rows: [inventory, utilisation, saturation, errors, agents]
}
