import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import type { Environment } from '../native/settings.ts'

/** The file Docker Compose takes settings from. */
export const envFileOf = (environment: Environment, repository: string): string => environment.COMPOSE_ENV_FILES || join(repository, '.env')

/** What is set, as Compose sees it: the caller's environment, and under it the file; an empty variable counts as not set. */
export function readEnvironment (environment: Environment, file: string): Record<string, string> {
  const kept = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}
  return Object.fromEntries([...Object.entries(kept), ...Object.entries(environment)].filter((entry): entry is [string, string] => Boolean(entry[1])))
}

/** Adds what is settled from now on, so that docker compose alone does the same; what stands there already stays. */
export function addToEnvFile (file: string, additions: Readonly<Record<string, string>>): void {
  const kept = existsSync(file) ? readFileSync(file, 'utf8') : undefined
  const missing = Object.entries(additions).filter(([name]) => !Object.hasOwn(parseEnv(kept ?? ''), name))
  if (missing.length === 0) return
  const heading = '# Added by the scripts of Spillway, which take what stands here from now on. All settings: .env.example; the same script again applies changes.'
  appendFileSync(file, [...kept === undefined || kept === '' ? [] : [''], heading, ...missing.map(([name, value]) => `${name}=${value}`)].join('\n') + '\n', { mode: 0o600 })
}
