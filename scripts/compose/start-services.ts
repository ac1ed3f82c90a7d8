import { setTimeout as delay } from 'node:timers/promises'
import { OperatorError } from '../native/operator-error.ts'
import type { ContainerState, Engine } from './engine.ts'

/** A Redis that loads a long append-only file is what takes longest. */
const HEALTHY_MS = 120_000
const LOOK_MS = 500

const isWell = ({ State, Health, ExitCode }: ContainerState): boolean => State === 'running' ? Health === 'healthy' || Health === '' : State === 'exited' && ExitCode === 0

/** Starts these services, all where none is named, each when what it depends on is as its compose file asks. @throws OperatorError with the last words of one that is not */
export async function startServices (engine: Engine, services: readonly string[]): Promise<void> {
  try {
    await engine.compose('up', '--detach', ...services)
  } catch (error) {
    const words = await lastWordsOf(engine, (await engine.containers()).filter(container => !isWell(container)))
    throw words === undefined ? error : new OperatorError(`${words}\n${(error as Error).message}`)
  }
}

/** Resolves when each container, of these services where some are named, is healthy or has done its work, and says so of each. @throws OperatorError with the last words of one that is not */
export async function untilHealthy (engine: Engine, signal: AbortSignal, say: (service: string, what: string) => void, services?: readonly string[]): Promise<void> {
  const start = performance.now()
  for (;;) {
    const all = (await engine.containers()).filter(({ Service }) => services?.includes(Service) ?? true)
    const ill = all.filter(container => !isWell(container))
    if (ill.length === 0) {
      for (const { Service, Name, Health } of all) if (Health) say(Service, `${Health}, ${Name}`)
      return
    }
    if (performance.now() - start > HEALTHY_MS) throw new OperatorError(await lastWordsOf(engine, ill) ?? 'up: containers come and go')
    await delay(LOOK_MS, undefined, { signal })
  }
}

async function lastWordsOf (engine: Engine, ill: readonly ContainerState[]): Promise<string | undefined> {
  // one that waits for another was never started
  const culprit = ill.find(({ State }) => State !== 'created')
  if (culprit === undefined) return undefined
  const { Service, State, Health } = culprit
  return `${Service} does not work: it is ${State}${Health ? `, ${Health}` : ''}. Its last words:\n${await engine.lastWords(Service)}`
}
