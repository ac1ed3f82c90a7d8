import { execFileSync } from 'node:child_process'
import { saying } from '../native/say.ts'
import type { Engine } from './engine.ts'

/** One that is named comes as it is; ours is built, where the sources changed. `service` is any that runs it. */
export async function prepareImage (engine: Engine, service: string, environment: Readonly<Record<string, string | undefined>>, repository: string): Promise<void> {
  const { SPILLWAY_IMAGE: named, SPILLWAY_BUILD_TARGET: target } = environment
  saying('image', named || 'is built, where something changed')
  if (named) {
    await engine.compose('pull', '--quiet', '--policy', 'missing', service)
    return
  }
  if (target === 'prebuilt') execFileSync(`${repository}/scripts/prebuild`)
  await engine.compose('build', '--quiet', service)
}
