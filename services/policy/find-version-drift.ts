import type { NodeFacts } from '../domain/node.ts'

/**
 * Nodes whose coturn is of another version than most of the fleet runs: a relay forgotten in an upgrade. Where two
 * versions are equally common, the newer one counts as the fleet's. Nodes that do not say are left out.
 */
export function findVersionDrift (nodes: readonly NodeFacts[]): { version: string | undefined, drifted: string[] } {
  const counts = new Map<string, number>()
  for (const { observed } of nodes) if (observed?.coturnVersion) counts.set(observed.coturnVersion, (counts.get(observed.coturnVersion) ?? 0) + 1)
  const [version] = [...counts].sort(([a, countOfA], [b, countOfB]) => countOfB - countOfA || compareVersions(b, a))[0] ?? []
  return { version, drifted: nodes.filter(({ observed }) => observed?.coturnVersion && observed.coturnVersion !== version).map(({ id }) => id) }
}

/** Numbers between dots, each compared as a number: 4.17.0 is newer than 4.6.1. */
const compareVersions = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })
