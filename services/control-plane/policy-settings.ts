import { Type } from 'typebox'
import type { Static } from 'typebox'
import { REGION_PATTERN } from '../domain/node.ts'
import type { Policy } from '../policy/settings.ts'

/** Settings of how the fleet is judged and nodes are chosen. */
export const PolicySettings = Type.Object({
  SPILLWAY_POLICY_ENTER: Type.Number({ exclusiveMinimum: 0, maximum: 10, default: 0.9, description: 'share of its bandwidth or sessions from which on a node is saturated: others come first' }),
  SPILLWAY_POLICY_LEAVE: Type.Number({ minimum: 0, maximum: 10, default: 0.75, description: 'share down to which it stays so; below SPILLWAY_POLICY_ENTER' }),
  SPILLWAY_POLICY_DWELL_SECONDS: Type.Number({ minimum: 0, maximum: 3600, default: 30, description: 'the least time between two changes of that' }),
  SPILLWAY_POLICY_RAMP_SECONDS: Type.Number({ minimum: 0, maximum: 3600, default: 60, description: 'how long a new or healed node takes to its full share' }),
  SPILLWAY_REGION_NEIGHBOURS: Type.Optional(Type.String({ description: 'JSON object: of a region, those to turn to when it has no node, the nearest first' })),
  SPILLWAY_DEFAULT_REGION: Type.Optional(Type.String({ pattern: REGION_PATTERN, description: 'where clients are taken to be that say nothing else' })),
  SPILLWAY_REGION_HEADER: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9-]{1,64}$', description: 'header by which a trusted proxy says where the client is' }))
})
export type PolicySettings = Static<typeof PolicySettings>

export const readPolicy = (config: PolicySettings): Policy => ({
  enter: config.SPILLWAY_POLICY_ENTER,
  leave: config.SPILLWAY_POLICY_LEAVE,
  dwellMs: config.SPILLWAY_POLICY_DWELL_SECONDS * 1000,
  rampMs: config.SPILLWAY_POLICY_RAMP_SECONDS * 1000,
  neighbours: readNeighbours(config.SPILLWAY_REGION_NEIGHBOURS) ?? new Map(),
  defaultRegion: config.SPILLWAY_DEFAULT_REGION
})

/** What the schema cannot say. */
export function checkPolicySettings (config: Partial<PolicySettings & { SPILLWAY_TRUSTED_PROXIES?: string | undefined }>): string[] {
  const problems: string[] = []
  // as text where another setting is wrong, and nothing was converted
  const [enter, leave] = [Number(config.SPILLWAY_POLICY_ENTER ?? 0.9), Number(config.SPILLWAY_POLICY_LEAVE ?? 0.75)]
  if (leave >= enter) problems.push('SPILLWAY_POLICY_LEAVE must be below SPILLWAY_POLICY_ENTER, or a node would be saturated and not in turn')
  if (config.SPILLWAY_REGION_NEIGHBOURS && !readNeighbours(config.SPILLWAY_REGION_NEIGHBOURS)) {
    problems.push('SPILLWAY_REGION_NEIGHBOURS must be a JSON object like {"eu":["us","ap"]}: of each region its neighbours, none of them twice, itself not among them')
  }
  if (config.SPILLWAY_REGION_HEADER && !config.SPILLWAY_TRUSTED_PROXIES) {
    problems.push('SPILLWAY_REGION_HEADER is believed from SPILLWAY_TRUSTED_PROXIES only, and there is none: name the proxy that sets it')
  }
  return problems
}

const isRegion = (value: unknown): value is string => typeof value === 'string' && new RegExp(REGION_PATTERN).test(value)

/** Undefined where it cannot be used. */
function readNeighbours (json: string | undefined): Map<string, string[]> | undefined {
  if (!json) return new Map()
  try {
    const value: unknown = JSON.parse(json)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    const neighbours = new Map<string, string[]>()
    for (const [region, near] of Object.entries(value)) {
      if (!isRegion(region) || !Array.isArray(near) || !near.every(isRegion) || new Set([region, ...near]).size !== near.length + 1) return undefined
      neighbours.set(region, near)
    }
    return neighbours
  } catch {
    return undefined
  }
}
