import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { checkNoRestoreBrokeOff } from './central/redis-data.ts'
import { abortOnSignal } from './native/abort-on-signal.ts'
import { bringUp } from './native/bring-up.ts'
import { examineStack } from './diagnose/examine-stack.ts'
import { expectStack } from './diagnose/expect-processes.ts'
import { tellShort } from './diagnose/finding.ts'
import { readJoined } from './native/joined-node.ts'
import { makeState } from './native/make-state.ts'
import { OperatorError, runCommand } from './native/operator-error.ts'
import { pathsOf } from './native/paths.ts'
import { printSummary } from './native/print-summary.ts'
import { saying } from './native/say.ts'
import { readSettings } from './native/settings.ts'
import { describeStack, findClash } from './native/stack.ts'
import { stopStack } from './native/stop-stack.ts'
import { watchParts } from './native/watch-parts.ts'

const repository = resolve(import.meta.dirname, '..')

/** Brings the system up on this machine, with its own redis-server and turnserver; see ./scripts/up --help. */
await runCommand(async () => {
  process.umask(0o077)
  const settings = readSettings(process.argv.slice(2), process.env, repository)
  const stack = describeStack(settings, repository)
  const clash = findClash(stack)
  if (clash !== undefined) throw new OperatorError(`up: ${clash}`, 2)
  const paths = pathsOf(settings.stateFolder)
  if (readJoined(paths) !== undefined || existsSync(paths.joinAnswer)) throw new OperatorError(`up: ${paths.state} belongs to a node that joined another centre: start it by ./scripts/join, or set SPILLWAY_STATE_DIR for a centre beside it`, 2)

  const interrupt = settings.detach ? new AbortController() : abortOnSignal() // of a second one ./scripts/down stops what is left
  try {
    checkNoRestoreBrokeOff(paths)
    makeState(settings, paths, repository)
    const bytes = await bringUp({ settings, stack, paths, repository, signal: interrupt.signal, say: saying })
    if (!settings.detach) process.stdout.write('stays in the foreground: Ctrl-C stops everything\n')
    process.stdout.write(`${tellShort(await examineStack(expectStack(settings, paths, repository), paths))}\n`)
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
