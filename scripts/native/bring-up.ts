import { createAdminApi } from './admin-api.ts'
import { urlOf } from './part.ts'
import { readSecret } from './private-files.ts'
import { reloadUsers } from './probe.ts'
import { isAlive, readRecord } from './process-record.ts'
import { proveRelay } from './prove-relay.ts'
import { servesOther } from './served-certificate.ts'
import { startPart } from './start-part.ts'
import { centralProbe } from './stack.ts'
import { stopAlone } from './stop-stack.ts'
import type { Paths } from './paths.ts'
import type { Settings } from './settings.ts'
import type { Stack } from './stack.ts'

export interface BringingUp {
  settings: Settings
  stack: Stack
  paths: Paths
  repository: string
  signal: AbortSignal
  say: (part: string, what: string) => void
}

/**
 * Every part in its order, each node registered before its agent starts; then real bytes through the relays, whose number
 * is returned. @throws OperatorError where a part does not start or nothing is relayed
 */
export async function bringUp ({ settings, stack, paths, repository, signal, say }: BringingUp): Promise<number> {
  const { PATH = '', HOME = '/', LANG = 'C.UTF-8' } = process.env
  const starting = { paths, repository, baseEnvironment: { PATH, HOME, LANG }, signal, say }
  await endWithOldCertificate({ settings, paths, say })
  for (const part of stack.shared) {
    await startPart(part, starting)
    // before the first of its users comes: a Redis that runs already may not know them yet
    if (part.name === 'central-redis') await reloadUsers(centralProbe({ settings, paths }))
  }

  const admin = createAdminApi(urlOf(settings.controlPlaneOps), readSecret(paths.adminToken) ?? '')
  await admin.untilAnswers()
  for (const { id, parts } of stack.nodes) {
    if (await admin.registerNode(id, paths.node(id).key)) say(id, 'registered')
    for (const part of parts) await startPart(part, starting)
  }
  return await proveRelay({ admin, apiUrl: urlOf(settings.api), keyFile: paths.demoKey, nodes: settings.nodes, signal })
}

/** A Redis that runs takes a renewed certificate only from who may CONFIG SET, which nobody may: it is stopped, to start with it. */
async function endWithOldCertificate ({ settings, paths, say }: Pick<BringingUp, 'settings' | 'paths' | 'say'>): Promise<void> {
  const record = readRecord(paths, 'central-redis')
  if (settings.centralRedisAddress === undefined || record === undefined || !isAlive(record)) return
  const isOld = await servesOther(centralProbe({ settings, paths }).address, paths.redisTls.cert).catch(() => false)
  if (isOld) await stopAlone('central-redis', paths, (part, what) => { say(part, `${what}: its certificate was renewed`) })
}
