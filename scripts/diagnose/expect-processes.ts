import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describeJoined, readJoined, settingsOfJoined } from '../native/joined-node.ts'
import { findTurnserver, readRecord } from '../native/process-record.ts'
import { readSettings } from '../native/settings.ts'
import { describeStack } from '../native/stack.ts'
import { checkCoturnVersion, checkFileLimit, isLoopback } from './check-machine.ts'
import { checkParts } from './check-parts.ts'
import type { Expected } from './examine-stack.ts'
import type { Look } from './finding.ts'
import type { Part } from '../native/part.ts'
import type { Paths } from '../native/paths.ts'
import type { Environment, NodeSettings, Settings } from '../native/settings.ts'

/** What coturn is given by launch where nothing is set. */
const MAX_ALLOCATIONS = 4_000

/** The processes there should be: of a centre with all nodes that were ever made in its folder, or of the node that joined. */
export function expectProcesses (environment: Environment, paths: Paths, repository: string): Expected {
  const joined = readJoined(paths)
  const made = existsSync(paths.nodes) ? readdirSync(paths.nodes).flatMap(id => /^node-(\d+)$/.exec(id)?.[1] ?? []).map(Number) : []
  const count = joined || environment.SPILLWAY_NODE_RELAY_IP ? 1 : Math.max(1, ...made)
  const settings = readSettings(['--nodes', String(count)], environment, repository, 'doctor')
  if (joined === undefined) return expectStack({ ...settings, api: { ...settings.api, host: boundBy('control-plane', 'tcp', paths) ?? settings.api.host }, nodes: settings.nodes.map(node => ({ ...node, relayIp: boundBy(`${node.id}-coturn`, 'udp', paths) ?? node.relayIp })) }, paths, repository)
  const nodes = settings.nodes.map(node => ({ ...node, id: joined.node, relayIp: joined.relayIp }))
  const parts = nodes.flatMap(own => describeJoined(joined, settings, own, paths, repository))
  return expectParts(parts, nodes, { ...settings, callersOwn: settingsOfJoined(joined, settings) }, paths)
}

/** The address a part was started on: `up --bind` says it once. */
const boundBy = (part: string, protocol: string, paths: Paths): string | undefined =>
  new RegExp(`^${protocol} (.+?):\\d+(,|$)`).exec(readRecord(paths, part)?.listens ?? '')?.[1]

/** A centre with the nodes of these settings, as processes. */
export function expectStack (settings: Settings, paths: Paths, repository: string): Expected {
  const { shared, nodes } = describeStack(settings, repository)
  return expectParts([...shared, ...nodes.flatMap(({ parts }) => parts)], settings.nodes, settings, paths)
}

function expectParts (parts: readonly Part[], nodes: NodeSettings[], settings: Settings, paths: Paths): Expected {
  const { SPILLWAY_COTURN_TLS_CERT: cert, SPILLWAY_COTURN_TLS_KEY: key } = settings.callersOwn
  return {
    settings,
    nodes,
    looks: [
      ['processes', async () => await checkParts(parts, paths)],
      ...nodes.map(({ id }): [string, Look] => [`file-limit ${id}`, () => checkFileLimit(id, limitsOf(id, paths), maxAllocations(settings), 'ulimit -n, LimitNOFILE=')]),
      ['coturn-version', () => checkCoturnVersion(askVersion(), isPublic(nodes))]
    ],
    certificate: cert === undefined ? undefined : { cert, key: key ?? cert },
    centralTls: { address: { host: '127.0.0.1', port: settings.centralRedisPort }, todo: './scripts/up once more starts the central Redis with it' }
  }
}

export const maxAllocations = ({ callersOwn }: Settings): number => Number(callersOwn.SPILLWAY_NODE_MAX_ALLOCATIONS ?? MAX_ALLOCATIONS)
export const isPublic = (nodes: readonly NodeSettings[]): boolean => nodes.some(({ relayIp }) => !isLoopback(relayIp))

/** Where its coturn does not run, this process' own limits tell what it would get. */
const limitsOf = (id: string, paths: Paths): string => readFileSync(`/proc/${findTurnserver(paths.node(id).coturnRun)?.pid ?? 'self'}/limits`, 'utf8')

function askVersion (): string | undefined {
  const { stdout, error } = spawnSync('turnserver', ['--version'], { encoding: 'utf8' })
  return error === undefined ? stdout : undefined
}
