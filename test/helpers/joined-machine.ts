import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Stack } from './stack.ts'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export interface Ran { code: number, stdout: string, stderr: string }

/**
 * Another machine, as far as one can be had here: a state folder, ports and an address of its own, and nothing of the
 * stack but what ./scripts/join is told. Gone with the stack.
 */
export async function newMachine (stack: Stack, number: number) {
  const folder = await mkdtemp(join(tmpdir(), 'spillway-joined-'))
  const relayIp = `${stack.network}.${50 + number}`
  const base = stack.ports.api + 60 + 10 * number
  const environment: Record<string, string> = {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '/',
    SPILLWAY_STATE_DIR: folder,
    SPILLWAY_LOG_LEVEL: 'debug',
    SPILLWAY_NODE_REDIS_PORT: String(base),
    SPILLWAY_COTURN_CLI_PORT: String(base + 1),
    SPILLWAY_RELAY_AGENT_OPS_PORT: String(base + 2),
    SPILLWAY_COTURN_PORT: String(stack.ports.coturn)
  }
  const script = async (name: string, args: string[], more: Record<string, string> = {}): Promise<Ran> =>
    await run(join(ROOT, 'scripts', name), args, { cwd: ROOT, env: { ...environment, ...more }, timeout: 60_000 })
      .then(({ stdout, stderr }) => ({ code: 0, stdout, stderr }), (error: Ran) => error)
  stack.closers.push(async () => {
    await script('down', [])
    await rm(folder, { recursive: true, force: true })
  })
  const read = async (...path: string[]): Promise<string> => (await readFile(join(folder, ...path), 'utf8')).trim()
  return {
    folder,
    relayIp,
    read,
    script,
    join: async (token: string, ...args: string[]): Promise<Ran> => await script('join', ['--native', '--central', stack.api, '--relay-ip', relayIp, ...args], { SPILLWAY_JOIN_TOKEN: token }),
    /** Everything its processes have logged. */
    logs: async (): Promise<string> => (await Promise.all((await readdir(join(folder, 'log'))).map(async file => await read('log', file)))).join('\n')
  }
}
