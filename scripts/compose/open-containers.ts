import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createEngine } from './engine.ts'
import { envFileOf, readEnvironment } from './environment.ts'
import { livingParts } from '../native/process-record.ts'
import type { Engine } from './engine.ts'
import type { Paths } from '../native/paths.ts'
import type { Environment } from '../native/settings.ts'

/** Where Docker Compose finds the containers of a state folder, and what is set for them. */
export interface Containers {
  engine: Engine
  /** of the caller, with the .env file under it */
  environment: Environment
}

/**
 * The containers that were started from a state folder, running or not; undefined where its processes run, or none ever were.
 */
export function openContainers (environment: NodeJS.ProcessEnv, paths: Paths, repository: string): Containers | undefined {
  if (!existsSync(paths.compose) || livingParts(paths).length > 0) return undefined
  // a node that joined has a compose file of its own
  const folder = existsSync(paths.joined) ? join(repository, 'infra/node') : repository
  return { engine: createEngine(folder, environment), environment: readEnvironment(environment, envFileOf(environment, folder)) }
}
