import { existsSync, readFileSync } from 'node:fs'
import { makeFolder, makeNodeState } from './make-state.ts'
import { describeNode } from './node-parts.ts'
import { OperatorError } from './operator-error.ts'
import { readSecret, writePrivate, writeSecretOnce } from './private-files.ts'
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
}

/** Undefined where this state folder is of no node that joined. @throws OperatorError where it cannot be read */
export function readJoined (paths: Paths): JoinedNode | undefined {
  if (!existsSync(paths.joined)) return undefined
  try {
    return JSON.parse(readFileSync(paths.joined, 'utf8'))
  } catch (error) {
    throw new OperatorError(`${paths.joined} cannot be read: ${(error as Error).message}`)
  }
}

/** Writes down what was answered: the token opens no second time, so first what cannot be had again. */
export function keepJoined (paths: Paths, answer: JoinAnswer, where: Pick<JoinedNode, 'central' | 'relayIp' | 'externalIp'>): JoinedNode {
  const { node, region, domain, key, redisUrl, redisCa } = answer
  const url = new URL(redisUrl)
  const password = url.password
  url.password = ''
  const files = paths.node(node)
  makeFolder(files.folder)
  writeSecretOnce(files.key, key)
  writeSecretOnce(files.centralPassword, password)
  if (redisCa !== null) writePrivate(files.centralCa, redisCa)
  const joined: JoinedNode = { node, region, domain, redis: url.href, ...where }
  writePrivate(paths.joined, `${JSON.stringify(joined, null, 2)}\n`)
  return joined
}

/** Everything else its processes need; what is there stays. */
export function makeJoinedState ({ node, redis }: JoinedNode, { redisPort }: NodeSettings, paths: Paths, repository: string): void {
  for (const folder of [paths.state, paths.run, paths.log]) makeFolder(folder)
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
