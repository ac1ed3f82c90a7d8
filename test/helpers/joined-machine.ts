import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { ComposeStack } from './compose-stack.ts'
import type { Stack } from './stack.ts'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const JOIN_MS = 180_000
/** The second machine of scripts/stand-in-engine, and the name the first one has there. */
const SECOND_ADDRESS = '203.0.113.20'
export const CENTRE_NAME = 'turn-api.internal'

export interface Ran { code: number, stdout: string, stderr: string }

interface MachineOptions {
  /** public API of the centre */
  central: string
  relayIp: string
  environment: Record<string, string>
  /** for join: how to run there */
  flags: string[]
  /** goes before each command, and makes it run on that machine */
  runner?: string | undefined
  /** for down: what else shall go */
  downFlags?: string[]
}

async function createMachine ({ closers }: Pick<Stack, 'closers'>, { central, relayIp, environment, flags, runner, downFlags = [] }: MachineOptions) {
  const root = await mkdtemp(join(tmpdir(), 'spillway-joined-'))
  const folder = join(root, 'state')
  await writeFile(join(root, 'env'), '')
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '/',
    SPILLWAY_STATE_DIR: folder,
    COMPOSE_ENV_FILES: join(root, 'env'),
    SPILLWAY_LOG_LEVEL: 'debug',
    ...environment
  }
  const execute = async (command: string, args: string[], more: Record<string, string> = {}): Promise<Ran> => {
    const [program = command, ...words] = runner === undefined ? [command, ...args] : [runner, command, ...args]
    return await run(program, words, { cwd: ROOT, env: { ...env, ...more }, timeout: JOIN_MS, maxBuffer: 1 << 24 })
      .then(({ stdout, stderr }) => ({ code: 0, stdout, stderr }), (error: Ran) => error)
  }
  const script = async (name: string, args: string[], more?: Record<string, string>): Promise<Ran> => await execute(join(ROOT, 'scripts', name), args, more)
  closers.push(async () => {
    await script('down', downFlags)
    await rm(root, { recursive: true, force: true })
  })
  const read = async (...path: string[]): Promise<string> => (await readFile(join(folder, ...path), 'utf8')).trim()
  return {
    folder,
    relayIp,
    read,
    script,
    execute,
    join: async (token: string, ...args: string[]): Promise<Ran> => await script('join', ['--central', central, ...flags, ...args], { SPILLWAY_JOIN_TOKEN: token })
  }
}

/**
 * Another machine, as far as one can be had here: a state folder, ports and an address of its own, and nothing of the
 * stack but what ./scripts/join is told. Gone with the stack.
 */
export async function newMachine (stack: Stack, number: number) {
  const relayIp = `${stack.network}.${50 + number}`
  const base = stack.ports.api + 60 + 10 * number
  const environment = {
    SPILLWAY_NODE_REDIS_PORT: String(base),
    SPILLWAY_COTURN_CLI_PORT: String(base + 1),
    SPILLWAY_RELAY_AGENT_OPS_PORT: String(base + 2),
    SPILLWAY_COTURN_PORT: String(stack.ports.coturn)
  }
  const machine = await createMachine(stack, { central: stack.api, relayIp, environment, flags: ['--native', '--relay-ip', relayIp] })
  return {
    ...machine,
    /** Everything its processes have logged. */
    logs: async (): Promise<string> => (await Promise.all((await readdir(join(machine.folder, 'log'))).map(async file => await machine.read('log', file)))).join('\n')
  }
}

/**
 * The second machine of scripts/stand-in-engine: a network namespace and a Docker engine of its own, a wire to the first
 * one, and the default ports. What ./scripts/join is told is the name of the centre and whom to trust about it.
 */
export async function secondMachine (stack: ComposeStack, centralCa: string) {
  const { SPILLWAY_SECOND_MACHINE: runner, DOCKER_CONFIG = '' } = process.env
  if (!runner) throw new Error('there is no second machine: run this beside scripts/stand-in-engine')
  const { COMPOSE_PROJECT_NAME: first, SPILLWAY_BUILD_TARGET = '', SPILLWAY_NOFILE = '' } = stack.environment
  const environment = { DOCKER_CONFIG, COMPOSE_PROJECT_NAME: `${first}-node`, SPILLWAY_BUILD_TARGET, SPILLWAY_NOFILE, NODE_EXTRA_CA_CERTS: centralCa }
  const machine = await createMachine(stack, { central: `https://${CENTRE_NAME}`, relayIp: SECOND_ADDRESS, environment, flags: [], runner, downFlags: ['-v'] })
  const compose = async (...args: string[]): Promise<Ran> => await machine.execute('docker', ['compose', '--file', join(ROOT, 'infra/node/docker-compose.yml'), ...args], { SPILLWAY_UID: '10001' })
  return { ...machine, compose }
}

export type Machine = Awaited<ReturnType<typeof createMachine>>
