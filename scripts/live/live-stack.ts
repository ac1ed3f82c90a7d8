import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { bringUp } from '../native/bring-up.ts'
import { call } from '../native/admin-api.ts'
import { killStack } from '../native/kill-stack.ts'
import { makeState } from '../native/make-state.ts'
import { OperatorError } from '../native/operator-error.ts'
import { urlOf } from '../native/part.ts'
import type { Part } from '../native/part.ts'
import { pathsOf } from '../native/paths.ts'
import type { Paths } from '../native/paths.ts'
import { readSecret } from '../native/private-files.ts'
import { findTurnserver, livingParts, readRecord } from '../native/process-record.ts'
import { readSettings } from '../native/settings.ts'
import type { Settings } from '../native/settings.ts'
import { describeStack } from '../native/stack.ts'
import { startPart } from '../native/start-part.ts'
import { stopStack } from '../native/stop-stack.ts'
import { until } from '../until.ts'
import { findFreeSettings } from './free-settings.ts'

export const repository = resolve(import.meta.dirname, '../..')

export interface LiveNode { region: string, capacityMbps: number }

export interface LiveOptions {
  /** node-1 and so on */
  nodes: readonly LiveNode[]
  /** as ./scripts/up takes them, over free ports and a network of its own; files it names may be made in the folder, which goes with the stack */
  environment?: (folder: string) => Record<string, string>
  /** of every process of services/, as NODE_OPTIONS takes them */
  nodeOptions?: string
  signal: AbortSignal
  say: (part: string, what: string) => void
}

/**
 * A whole Spillway with the fakes of both paid providers, made as ./scripts/up makes one, in a temporary folder. Nothing is
 * left of it after close, or after the end of this process, whichever comes first.
 */
export async function openLiveStack ({ nodes, environment = () => ({}), nodeOptions = '', signal, say }: LiveOptions) {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-live-'))
  const paths = pathsOf(folder)
  const endAtOnce = (): void => {
    killStack(paths)
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
  process.once('exit', endAtOnce)
  const free = await findFreeSettings(nodes.length)
  const settings = readSettings(['--nodes', String(nodes.length), '--fake-providers'], { ...free.environment, ...environment(folder), SPILLWAY_STATE_DIR: folder }, repository)
  const close = async (): Promise<void> => {
    await stopStack(paths, say)
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
    process.off('exit', endAtOnce)
  }
  const stack = describeNodes(settings, nodes, nodeOptions)
  try {
    makeState(settings, paths, repository)
    await bringUp({ settings, stack, paths, repository, signal, say })
  } catch (error) {
    await close()
    throw error
  }
  return { folder, settings, prometheusPort: free.prometheusPort, ...accessTo(settings, paths), ...controlOf([...stack.shared, ...stack.nodes.flatMap((node) => node.parts)], paths, signal, say), close }
}
export type LiveStack = Awaited<ReturnType<typeof openLiveStack>>

/** The stack with the nodes' own regions and capacities, which one environment for all cannot say. */
function describeNodes (settings: Settings, nodes: readonly LiveNode[], nodeOptions: string) {
  const stack = describeStack(settings, repository)
  const withOptions = (part: Part): Part => nodeOptions === '' || !part.command.some((word) => word.startsWith('services/')) ? part : { ...part, environment: { ...part.environment, NODE_OPTIONS: nodeOptions } }
  return {
    shared: stack.shared.map(withOptions),
    nodes: stack.nodes.map(({ id, parts }, index) => {
      const { region = '', capacityMbps = 0 } = nodes[index] ?? {}
      const own = { SPILLWAY_NODE_REGION: region, SPILLWAY_NODE_CAPACITY_MBPS: String(capacityMbps) }
      return { id, parts: parts.map(withOptions).map((part) => ({ ...part, environment: { ...part.environment, ...part.name.endsWith('-redis') ? {} : own } })) }
    })
  }
}

/** What an operator and an app can ask. */
function accessTo (settings: Settings, paths: Paths) {
  const ops = urlOf(settings.controlPlaneOps)
  const token = readSecret(paths.adminToken) ?? ''
  const api = urlOf(settings.api)

  /** @throws OperatorError where the answer is no success */
  async function admin<Body = any> (method: string, path: string, body?: unknown): Promise<Body> {
    const answer = await call(method, `${ops}/admin/v1${path}`, token, body)
    if (answer.status >= 300) throw new OperatorError(`${method} ${path} answered ${answer.status}: ${String(answer.body.detail)}`)
    return answer.body as Body
  }

  return {
    api,
    /** where each process tells its metrics, by its name in Prometheus' label `job` */
    metricsUrls: {
      'control-plane': [ops],
      ledger: [urlOf(settings.ledgerOps)],
      prober: [urlOf(settings.proberOps)],
      'relay-agent': settings.nodes.map(({ agentOps }) => urlOf(agentOps))
    },
    fakes: { cloudflare: `http://127.0.0.1:${settings.fakes?.cloudflarePort}`, twilio: `http://127.0.0.1:${settings.fakes?.twilioPort}` },
    admin,
    /** A new app with a secret key of its own, that opens it already. */
    createApp: async (id: string, more: Record<string, unknown> = {}): Promise<{ id: string, key: string }> => {
      await admin('POST', '/apps', { id, ...more })
      const { key } = await admin<{ key: string }>('POST', `/apps/${id}/keys`)
      await until('the new key opens its app', async () => (await call('POST', `${api}/v1/credentials/explain`, key, {})).status === 200)
      return { id, key }
    }
  }
}

function controlOf (parts: readonly Part[], paths: Paths, signal: AbortSignal, say: LiveOptions['say']) {
  const { PATH = '', HOME = '/', LANG = 'C.UTF-8' } = process.env
  const starting = { paths, repository, baseEnvironment: { PATH, HOME, LANG }, signal, say }
  return {
    paths,
    pidOf: (part: string): number => readRecord(paths, part)?.pid ?? 0,
    /** Kills the coturn of a node; its supervisor ends with it. */
    killRelay: async (node: string): Promise<void> => {
      const { pid } = findTurnserver(paths.node(node).coturnRun) ?? {}
      if (pid !== undefined) process.kill(pid, 'SIGKILL')
      await until('its supervisor has ended', () => !livingParts(paths).some((part) => part.pid === readRecord(paths, `${node}-coturn`)?.pid))
    },
    /** Starts a part beside those of the stack, that stops with them. */
    startPart: async (part: Part): Promise<void> => { await startPart(part, starting) },
    /** Starts a part of the stack again that has died. */
    restart: async (name: string): Promise<void> => {
      const part = parts.find((one) => one.name === name)
      if (!part) throw new Error(`the stack has no ${name}`)
      await startPart(part, starting)
    }
  }
}
