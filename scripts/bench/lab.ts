import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../free-port.ts'
import { createAdminApi } from '../native/admin-api.ts'
import { killStack } from '../native/kill-stack.ts'
import { makeState } from '../native/make-state.ts'
import { nodeFlags, tcp, urlOf } from '../native/part.ts'
import type { Part } from '../native/part.ts'
import { pathsOf } from '../native/paths.ts'
import type { Paths } from '../native/paths.ts'
import { isAlive, livingParts, readRecord } from '../native/process-record.ts'
import type { ProcessRecord } from '../native/process-record.ts'
import { readSecret } from '../native/private-files.ts'
import { readSettings } from '../native/settings.ts'
import { describeStack } from '../native/stack.ts'
import { startPart } from '../native/start-part.ts'
import { MEASURED_CORE, OTHER_CORE } from './cores.ts'

const repository = resolve(import.meta.dirname, '../..')

/** Every port that up has, so that a stack that runs already is not in the way. */
const PORTS = [
  'CENTRAL_REDIS_PORT', 'CONTROL_PLANE_PORT', 'CONTROL_PLANE_OPS_PORT', 'LEDGER_OPS_PORT',
  'PROBER_OPS_PORT',
  'NODE_REDIS_PORT', 'COTURN_CLI_PORT', 'COTURN_PORT', 'RELAY_AGENT_OPS_PORT'
]
export const DOMAIN = 'bench.example'
/** So large that no node is ever full: what is measured is the ordinary way of a request. */
const ROOMY = { SPILLWAY_NODE_CAPACITY_MBPS: '1000000000', SPILLWAY_NODE_MAX_ALLOCATIONS: '1000000000' }
/** What a process may take to end in good order, which only one that writes a profile is asked to. */
const STOP_MS = 15_000

export interface LabOptions {
  nodes: number
  /** where the processes of services/ leave a CPU profile as they end */
  profileFolder?: string | undefined
  say: (part: string, what: string) => void
}

/**
 * A stack of its own, made as ./scripts/up makes one, in a temporary folder and on free ports. Nothing of it runs before
 * it is started here, and nothing is left of it after close, or after the end of this process, whichever comes first.
 */
export async function openLab ({ nodes, profileFolder, say }: LabOptions) {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-bench-'))
  const paths = pathsOf(folder)
  const endAtOnce = (): void => {
    killStack(paths)
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
  process.once('exit', endAtOnce)

  const ports = await Promise.all(PORTS.map(async (name) => [`SPILLWAY_${name}`, String(await freePort())]))
  const settings = readSettings(['--nodes', String(nodes)], { ...Object.fromEntries(ports), ...ROOMY, SPILLWAY_DOMAIN: DOMAIN, SPILLWAY_STATE_DIR: folder }, repository)
  makeState(settings, paths, repository)
  const stack = describeStack(settings, repository)
  const parts = new Map([...stack.shared, ...stack.nodes.flatMap((node) => node.parts)].map((part) => [part.name, part]))
  const closers: Array<() => void> = []
  const start = createStarter(paths, say)
  const startPartOn = async (core: number, name: string, environment = {}): Promise<number> => {
    const part = parts.get(name)
    if (!part) throw new Error(`the stack has no ${name}`)
    return await start(core, part, environment)
  }

  return {
    paths,
    settings,
    admin: createAdminApi(urlOf(settings.controlPlaneOps), readSecret(paths.adminToken) ?? ''),
    /** Starts parts of the stack beside what is measured. */
    start: async (...names: string[]): Promise<void> => { for (const name of names) await startPartOn(OTHER_CORE, name) },
    /** Starts a part of the stack that is measured; returns its pid. */
    startMeasured: async (name: string): Promise<number> =>
      await startPartOn(MEASURED_CORE, name, profileFolder === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${resolve(profileFolder)}` }),
    /** Starts a script of this folder that it is compared with, with the options of Node that `ours` has; returns its pid. */
    startBare: async (name: string, ours: string, port: number, environment: Record<string, string>): Promise<number> =>
      await start(MEASURED_CORE, describeBare(name, nodeFlags(ours), port, environment)),
    /** Closes with the lab, before what it is connected to. */
    onClose: (close: () => void): void => { closers.push(close) },
    close: async (): Promise<void> => {
      for (const close of closers) close()
      if (profileFolder !== undefined) await endInGoodOrder(livingParts(paths))
      endAtOnce()
      process.off('exit', endAtOnce)
    }
  }
}
export type Lab = Awaited<ReturnType<typeof openLab>>

function createStarter (paths: Paths, say: LabOptions['say']) {
  const { PATH = '', HOME = '/' } = process.env
  const { signal } = new AbortController()
  return async (core: number, part: Part, environment: Record<string, string> = {}): Promise<number> => {
    const pinned = { ...part, command: ['taskset', '-c', String(core), ...part.command] }
    await startPart(pinned, { paths, repository, signal, say, baseEnvironment: { PATH, HOME, ...environment } })
    return readRecord(paths, part.name)?.pid ?? 0
  }
}

function describeBare (name: string, flags: readonly string[], port: number, environment: Record<string, string>): Part {
  const address = { host: '127.0.0.1', port }
  return {
    name,
    command: [join(repository, 'node_modules/.bin/node'), ...flags, `scripts/bench/${name}.ts`],
    environment: { ...environment, PORT: String(port) },
    ports: [tcp(address, 'PORT')],
    probe: { kind: 'tcp', address }
  }
}

async function endInGoodOrder (processes: readonly ProcessRecord[]): Promise<void> {
  for (const { pid } of processes) process.kill(pid, 'SIGTERM')
  const deadline = performance.now() + STOP_MS
  while (processes.some(isAlive) && performance.now() < deadline) await delay(100)
}
