import { OperatorError } from '../native/operator-error.ts'
import { checkPorts } from '../native/ports.ts'
import { ask } from '../native/probe.ts'
import { checkDegraded } from './check-parts.ts'
import { fail, ok, warn } from './finding.ts'
import type { Finding } from './finding.ts'
import type { ContainerState, Engine } from '../compose/engine.ts'
import type { Part } from '../native/part.ts'

/** What runs for a moment, or to be looked at. */
const NO_SERVICES = ['volumes', 'demo-load']

/** The service of docker-compose.yml that does what a process does without containers. */
export const serviceOf = (part: string): string =>
  part === 'central-redis' ? 'redis' : part.endsWith('-redis') ? 'node-redis' : /-(relay-agent|coturn)$/.exec(part)?.[1] ?? part

/**
 * Each service there should be: does it run, is it healthy, and can it be reached from this machine?
 * @param parts what is known of the ports and the health of services. @param start the script that starts them
 */
export async function checkContainers (engine: Engine, parts: readonly Part[], start: string): Promise<Finding[]> {
  const services = (await engine.compose('config', '--services')).split('\n').filter(name => name !== '' && !NO_SERVICES.includes(name)).sort()
  const containers = await engine.containers()
  return (await Promise.all(services.map(async service => {
    const part = parts.find(({ name }) => serviceOf(name) === service)
    const own = containers.filter(({ Service }) => Service === service)
    return own.length === 0 ? await checkAbsent(service, part, start) : await checkService(service, own, part, start)
  }))).flat()
}

async function checkAbsent (service: string, part: Part | undefined, start: string): Promise<Finding[]> {
  const taken = await checkPorts(service, part?.ports ?? []).then(() => undefined, (error: unknown) => error instanceof OperatorError ? error.message : String(error))
  return [taken === undefined ? fail(service, 'has no container', start) : fail(service, taken.replace(/ What was started .*$/, ''), `then ${start}`)]
}

async function checkService (service: string, containers: readonly ContainerState[], part: Part | undefined, start: string): Promise<Finding[]> {
  const logs = `docker compose logs ${service} says why`
  const still = containers.find(({ State }) => State !== 'running')
  if (still !== undefined) return [fail(service, `${still.Name} is ${still.State}${still.State === 'exited' ? ` with code ${still.ExitCode}` : ''}`, `${logs}; ${start} starts it again`)]
  const lacks = part === undefined ? undefined : await ask(part.probe)
  const ill = containers.find(({ Health }) => Health === 'unhealthy')
  if (ill !== undefined) return [fail(service, `${ill.Name} runs and cannot do its work${lacks === undefined ? '' : `: ${lacks}`}`, logs)]
  if (containers.some(({ Health }) => Health === 'starting')) return [warn(service, 'is starting', 'look again in a minute')]
  if (lacks !== undefined) return [fail(service, `is healthy, and does not answer this machine: ${lacks}`, `docker compose port ${service} and the firewall of this machine; ${start}`)]
  return part === undefined || part.probe.kind !== 'http' ? [ok(service, containers.length === 1 ? 'healthy' : `healthy, ${containers.length} containers`)] : await checkDegraded({ ...part, name: service })
}
