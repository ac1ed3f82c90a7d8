import type { OpenCircuit, ProviderName } from '../domain/provider.ts'
import type { CapStanding, Denial } from './check-budget.ts'
import type { Policy } from './settings.ts'

export interface RouteRequest {
  /** rooms are named by each app for itself */
  app: string
  userTag: string
  /** clients of one room are sent to one node, so that their call is relayed once */
  room?: string | undefined
  /** where the client is, as the request says */
  region?: string | undefined
  /** the same, as a trusted proxy says */
  hintedRegion?: string | undefined
  /** the only regions the app may be relayed in; none: all */
  regions: readonly string[]
  paidSpill: boolean
  /** what the budgets have against paid providers; absent: nothing */
  denials?: ReadonlyMap<ProviderName, Denial>
  /** caps a paid credential would pass that are only to be told of; absent: none */
  warnings?: readonly CapStanding[]
  /** paid providers that must be left alone now; absent: none */
  openCircuits?: ReadonlyMap<ProviderName, OpenCircuit> | undefined
}

/** Where a client is taken to be, and by whose word. */
export interface ClientRegion {
  region: string | undefined
  source: 'request' | 'header' | 'default' | 'none'
}

export function regionOf ({ region, hintedRegion }: Pick<RouteRequest, 'region' | 'hintedRegion'>, { defaultRegion }: Pick<Policy, 'defaultRegion'>): ClientRegion {
  if (region !== undefined) return { region, source: 'request' }
  if (hintedRegion !== undefined) return { region: hintedRegion, source: 'header' }
  return { region: defaultRegion, source: defaultRegion === undefined ? 'none' : 'default' }
}

export const mayRelayIn = ({ regions }: Pick<RouteRequest, 'regions'>, region: string): boolean => regions.length === 0 || regions.includes(region)
