import type { DashboardSpec } from '../kit/build-dashboard.ts'
import { dependencies } from './dependencies.ts'
import { processes } from './processes.ts'
import { red } from './requests.ts'

export const controlPlane: DashboardSpec = {
  uid: 'spillway-control-plane',
  title: 'Spillway / Control plane',
  description: 'Rate, errors and duration of the API, what it depends on, and the processes themselves.',
  variables: ['job', 'instance'],
  from: 'now-1h',
  rows: [red, dependencies, processes]
}
