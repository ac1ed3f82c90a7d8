import { setTimeout as delay } from 'node:timers/promises'
import { OperatorError } from '../native/operator-error.ts'
import type { ContainerState, Engine } from './engine.ts'

/** A Redis that loads a long append-only file is what takes longest. */
const HEALTHY_MS = 120_000
const LOOK_MS = 500

const isWell = ({ State, Health, ExitCode }: ContainerState): boolean => State === 'running' ? Health === 'healthy' || Health === '' : State === 'exited' && ExitCode === 0

/**
 * Starts these services, all where none is named, with what they depend on; resolves when each is healthy, or has done its
 * work. @throws OperatorError with the last words of the one that is not
 */
export async function startServices (engine: Engine, services: readonly string[], signal: AbortSignal): Promise<void> {
  const start = performance.now()
  const failed = await engine.compose('up', '--detach', ...services).then(() => undefined, (error: Error) => error)
  for (;;) {
    signal.throwIfAborted()
    const ill = (await engine.containers()).filter(container => !isWell(container))
    if (ill.length === 0 && failed === undefined) return
    if (failed !== undefined || performance.now() - start > HEALTHY_MS) throw await explain(engine, ill, failed)
    await delay(LOOK_MS, undefined, { signal })
  }
}

async function explain (engine: Engine, ill: readonly ContainerState[], failed: Error | undefined): Promise<OperatorError> {
  // one that waits for another was never started
  const culprit = ill.find(({ State }) => State !== 'created') ?? ill[0]
  if (culprit === undefined) return new OperatorError(`up: ${failed?.message ?? 'nothing was started'}`)
  const { Service, State, Health } = culprit
  return new OperatorError(`${Service} does not work: it is ${State}${Health ? `, ${Health}` : ''}. Its last words:\n${await engine.lastWords(Service)}${failed ? `\n${failed.message}` : ''}`)
}
