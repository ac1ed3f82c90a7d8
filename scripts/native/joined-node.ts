import { existsSync, readFileSync, rmSync } from 'node:fs'
import { makeOwnFolder, makeNodeState } from './make-state.ts'
import { describeNode } from './node-parts.ts'
import { OperatorError } from './operator-error.ts'
import { readSecret, syncToDisk, writePrivate } from './private-files.ts'
import type { Part } from './part.ts'
import type { Paths } from './paths.ts'
import type { JoinAnswer } from './redeem-token.ts'
import type { NodeSettings, Settings } from './settings.ts'

/** What a machine keeps of its joining, beside the secrets in `nodes/<id>/`. */
export interface JoinedNode {
  node: string
  /** the public API it joined at */
  central: string
  region: string | null
  domain: string
  relayIp: string
  /** public address, where a 1:1 NAT stands before it */
  externalIp: string | null
  /** the central Redis, with the name of the login and without its password */
  redis: string
  /** as processes of this machine, not as containers */
  native?: boolean
}

/** What was chosen on this machine. */
type Chosen = Pick<JoinedNode, 'central' | 'relayIp' | 'externalIp' | 'native'>

/** Undefined where this state folder is of no node that joined. @throws OperatorError where it cannot be read */
export function readJoined (paths: Paths): JoinedNode | undefined {
  if (!existsSync(paths.joined)) return undefined
  try {
    return JSON.parse(readFileSync(paths.joined, 'utf8'))
  } catch (error) {
    throw new OperatorError(`${paths.joined} cannot be read: ${(error as Error).message}`)
  }
}

/** Writes down what was answered: the token opens no second time, so first all of it, in one file. */
export function keepJoined (paths: Paths, answer: JoinAnswer, chosen: Chosen): JoinedNode {
  writePrivate(paths.joinAnswer, JSON.stringify({ answer, chosen }))
  syncToDisk(paths.state)
  return takeUpJoining(paths) as JoinedNode
}

/** Goes on with a joining that was killed after the answer came; undefined where there is none. */
export function takeUpJoining (paths: Paths): JoinedNode | undefined {
  const kept = readSecret(paths.joinAnswer)
  if (kept === undefined) return undefined
  const { answer: { node, region, domain, key, redisUrl, redisCa }, chosen } = JSON.parse(kept) as { answer: JoinAnswer, chosen: Chosen }
  const url = new URL(redisUrl)
  const password = url.password
  url.password = ''
  const files = paths.node(node)
  makeOwnFolder(files.folder)
  writePrivate(files.key, key)
  writePrivate(files.centralPassword, password)
  if (redisCa !== null) writePrivate(files.centralCa, redisCa)
  const joined: JoinedNode = { node, region, domain, redis: url.href, ...chosen }
  writeJoined(paths, joined)
  for (const folder of [files.folder, paths.nodes, paths.state]) syncToDisk(folder)
  rmSync(paths.joinAnswer)
  return joined
}

export function writeJoined (paths: Paths, joined: JoinedNode): void {
  writePrivate(paths.joined, `${JSON.stringify(joined, null, 2)}\n`)
}

/** Everything else its processes need; what is there stays. */
export function makeJoinedState ({ node, redis }: JoinedNode, { redisPort }: NodeSettings, paths: Paths, repository: string): void {
  for (const folder of [paths.state, paths.run, paths.log]) makeOwnFolder(folder)
  const { centralPassword, centralUrl } = paths.node(node)
  const password = readSecret(centralPassword)
  if (password === undefined) throw new OperatorError(`${centralPassword} is missing: this node has to join anew, with another token`)
  makeNodeState(node, redisPort, paths, repository)
  const url = new URL(redis)
  url.password = password
  writePrivate(centralUrl, url.href)
}

/** What its processes are told beside the caller's settings. */
export const settingsOfJoined = ({ region, domain, externalIp }: JoinedNode, { callersOwn }: Settings): Record<string, string> => ({
  ...region === null ? {} : { SPILLWAY_NODE_REGION: region },
  ...externalIp === null ? {} : { SPILLWAY_NODE_EXTERNAL_IP: externalIp },
  ...callersOwn,
  SPILLWAY_DOMAIN: domain
})

/** The processes of this node, in the order they are started. */
export function describeJoined (joined: JoinedNode, settings: Settings, own: NodeSettings, paths: Paths, repository: string): Part[] {
  const { centralCa } = paths.node(joined.node)
  return describeNode({ ...own, id: joined.node, relayIp: joined.relayIp }, {
    ...settings,
    paths,
    repository,
    callersOwn: settingsOfJoined(joined, settings),
    centralCa: existsSync(centralCa) ? centralCa : undefined
  })
}
