import { mkdirSync, writeFileSync } from 'node:fs'
import { createLogger } from '../runtime/logger.ts'
import { createMetrics } from '../runtime/metrics.ts'
import { createServers } from './app.ts'
import { createControlPlaneMetrics } from './metrics.ts'

const FOLDER = new URL('./openapi/', import.meta.url)

/** Both documents as they are served, by the name of their file. */
export async function renderOpenApi (): Promise<Map<string, string>> {
  const metrics = createMetrics('control-plane', '')
  // routes are registered and never called, so what they would work with may be anything
  const unused = {} as never
  const { publicServer, opsServer } = await createServers({
    logger: createLogger('control-plane', 'silent'),
    metrics,
    ownMetrics: createControlPlaneMetrics(metrics),
    admission: unused,
    issuing: unused,
    circuits: new Map(),
    admin: unused,
    joining: unused,
    adminToken: '',
    trustedProxies: [],
    readiness: () => ({ missing: {}, degraded: {} })
  })
  await Promise.all([publicServer.ready(), opsServer.ready()])
  const documents = new Map([['public.json', publicServer.swagger()], ['admin.json', opsServer.swagger()]]
    .map(([name, document]) => [name, `${JSON.stringify(document, null, 2)}\n`] as [string, string]))
  await Promise.all([publicServer.close(), opsServer.close()])
  return documents
}

/** `npm run openapi` writes them beside this file; a test sees that they are what is served. */
if (import.meta.main) {
  mkdirSync(FOLDER, { recursive: true })
  for (const [name, text] of await renderOpenApi()) writeFileSync(new URL(name, FOLDER), text)
}
