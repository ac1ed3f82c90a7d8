import { readFileSync } from 'node:fs'
import { envSchema } from 'env-schema'
import type { TObject, TProperties, Static } from 'typebox'

/** A configuration that cannot work; the message names every mistake and is fit to be shown as it is. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

export type AlsoCheck<T extends TProperties> = (settings: Partial<Static<TObject<T>>>) => string[]
export type Environment = Record<string, string | undefined>

/**
 * Reads one process' settings from the environment against its schema; all mistakes are reported at once. Every
 * setting may also come as `<NAME>_FILE`, the path of a file that holds it (a Docker secret). An empty value counts as
 * not set, as compose files write it.
 * @param alsoCheck what a schema cannot say, as a list of problems; given what is there, however wrong the rest
 * @throws ConfigError
 */
export function loadConfig<T extends TProperties> (schema: TObject<T>, environment: Environment, alsoCheck: AlsoCheck<T> = () => []): Static<TObject<T>> {
  const problems: string[] = []
  const data: Record<string, string> = {}
  const unreadable = new Set<string>()
  for (const name of Object.keys(schema.properties)) {
    const value = environment[name]
    const file = environment[`${name}_FILE`]
    if (value) {
      data[name] = value
      if (file) problems.push(`${name} and ${name}_FILE are both set: keep one`)
    } else if (file) {
      try {
        data[name] = readFileSync(file, 'utf8').trim()
      } catch (error) {
        unreadable.add(name)
        problems.push(`${name}_FILE names a file that cannot be read: ${(error as NodeJS.ErrnoException).code}`)
      }
    }
  }
  let config: Static<TObject<T>> | undefined
  try {
    config = envSchema<Static<TObject<T>>>({ schema, data, env: false })
  } catch (error) {
    problems.push(...problemsOf(error, schema, unreadable))
  }
  problems.push(...alsoCheck(config ?? data as Partial<Static<TObject<T>>>))
  if (problems.length > 0 || config === undefined) {
    throw new ConfigError(`The configuration cannot be used:\n${problems.map(problem => `  - ${problem}`).join('\n')}\nSee .env.example for every setting.`)
  }
  return config
}

interface AjvError { instancePath: string, keyword: string, message?: string, params: Record<string, unknown> }

/** Never repeats the value itself: it may be a secret that stands in the wrong place. */
function problemsOf (error: unknown, schema: TObject, explained: ReadonlySet<string>): string[] {
  const errors = (error as { errors?: AjvError[] }).errors
  if (!errors) return [(error as Error).message]
  return errors.flatMap(({ instancePath, keyword, message, params }) => {
    const name = keyword === 'required' ? String(params.missingProperty) : instancePath.slice(1)
    if (explained.has(name)) return []
    const description = (schema.properties[name] as { description?: string } | undefined)?.description
    const what = keyword === 'required' ? 'is not set' : String(message)
    return `${name} ${what}${description ? ` (${description})` : ''}`
  })
}
