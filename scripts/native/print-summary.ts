import { relative } from 'node:path'
import { urlOf } from './part.ts'
import type { Paths } from './paths.ts'
import type { Settings } from './settings.ts'

/** How to go on, in the lines that scripts read. */
export function printSummary (settings: Pick<Settings, 'api' | 'controlPlaneOps'>, paths: Pick<Paths, 'demoKey' | 'adminToken'>, relayedBytes: number): void {
  const api = urlOf(settings.api)
  process.stdout.write([
    `api ${api}`,
    `ops ${urlOf(settings.controlPlaneOps)}`,
    `curl -s -X POST ${api}/v1/credentials -H "Authorization: Bearer $(cat ${shown(paths.demoKey)})"`,
    `admin token ${shown(paths.adminToken)}`,
    `ready in ${Math.ceil(performance.now() / 1000)} s, relayed ${relayedBytes} bytes`
  ].join('\n') + '\n')
}

/** As it can be pasted where this was started. */
function shown (file: string): string {
  const path = relative(process.cwd(), file)
  return path.startsWith('..') ? file : path
}
