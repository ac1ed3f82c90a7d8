import { resolve } from 'node:path'
import { createAdminApi } from './native/admin-api.ts'
import { makeState } from './native/make-state.ts'
import { OperatorError, runCommand } from './native/operator-error.ts'
import { urlOf } from './native/part.ts'
import { pathsOf } from './native/paths.ts'
import { readSecret } from './native/private-files.ts'
import { printSummary } from './native/print-summary.ts'
import { reloadUsers } from './native/probe.ts'
import { proveRelay } from './native/prove-relay.ts'
import { saying } from './native/say.ts'
import { readSettings } from './native/settings.ts'
import { describeStack, findClash } from './native/stack.ts'
import { startPart } from './native/start-part.ts'
import { stopStack } from './native/stop-stack.ts'
import { watchParts } from './native/watch-parts.ts'
import type { Paths } from './native/paths.ts'
import type { Settings } from './native/settings.ts'
import type { Stack } from './native/stack.ts'

const repository = resolve(import.meta.dirname, '..')

/** Brings the system up on this machine, with its own redis-server and turnserver; see ./scripts/up --help. */
await runCommand(async () => {
  process.umask(0o077)
  const settings = readSettings(process.argv.slice(2), process.env, repository)
  const stack = describeStack(settings, repository)
  const clash = findClash(stack)
  if (clash !== undefined) throw new OperatorError(`up: ${clash}`, 2)
  const paths = pathsOf(settings.stateFolder)

  const interrupt = settings.detach ? new AbortController() : abortOnSignal()
  try {
    makeState(settings, paths, repository)
    const bytes = await bringUp(settings, stack, paths, interrupt.signal)
    if (!settings.detach) process.stdout.write('stays in the foreground: Ctrl-C stops everything\n')
    printSummary(settings, paths, bytes)
    if (settings.detach) return 0
    await watchParts([...stack.shared, ...stack.nodes.flatMap(({ parts }) => parts)], paths, interrupt.signal, saying)
    process.stdout.write('everything was stopped\n')
  } catch (error) {
    if (!interrupt.signal.aborted) throw error
    process.stdout.write('stopping\n')
    await stopStack(paths, saying)
  }
  return 0
})

/** The first INT or TERM asks for a stop; a second one leaves at once, and ./scripts/down stops what is left. */
function abortOnSignal (): AbortController {
  const interrupt = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (interrupt.signal.aborted) process.exit(130)
      interrupt.abort()
    })
  }
  return interrupt
}

/** Every part in its order, each node registered before its agent starts; then real bytes through the relay, whose number is returned. */
async function bringUp (settings: Settings, stack: Stack, paths: Paths, signal: AbortSignal): Promise<number> {
  const { PATH = '', HOME = '/', LANG = 'C.UTF-8' } = process.env
  const starting = { paths, repository, baseEnvironment: { PATH, HOME, LANG }, signal, say: saying }
  for (const part of stack.shared) {
    await startPart(part, starting)
    // before the first of its users comes: a Redis that runs already may not know them yet
    if (part.name === 'central-redis') await reloadUsers({ host: '127.0.0.1', port: settings.centralRedisPort }, paths.redisPassword)
  }

  const admin = createAdminApi(urlOf(settings.controlPlaneOps), readSecret(paths.adminToken) ?? '')
  for (const { id, parts } of stack.nodes) {
    if (await admin.registerNode(id, paths.node(id).key)) saying(id, 'registered')
    for (const part of parts) await startPart(part, starting)
  }
  return await proveRelay({ admin, apiUrl: urlOf(settings.api), keyFile: paths.demoKey, nodes: settings.nodes, signal })
}
