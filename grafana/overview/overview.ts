import type { DashboardSpec } from '../kit/build-dashboard.ts'
import { nodes } from './nodes.ts'
import { spill } from './spill.ts'
import { volume } from './volume.ts'
import { wellness } from './well.ts'

export const overview: DashboardSpec = {
  uid: 'spillway-overview',
  title: 'Spillway / Overview',
  description: 'Is it well, what does it cost, is it spilling and why.',
  variables: ['job', 'region'],
  from: 'now-1h',
  rows: [wellness, volume, spill, nodes]
}
