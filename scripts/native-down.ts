import { join } from 'node:path'
import { runCommand } from './native/operator-error.ts'
import { pathsOf } from './native/paths.ts'
import { saying } from './native/say.ts'
import { stateFolderOf } from './native/settings.ts'
import { stopStack } from './native/stop-stack.ts'

/** Stops what ./scripts/up started, all of it, in an order that loses no usage. */
await runCommand(async () => {
  const paths = pathsOf(stateFolderOf(process.env, join(import.meta.dirname, '..')))
  if (await stopStack(paths, saying) === 0) process.stdout.write('nothing runs\n')
  return 0
})
