import { existsSync, readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { envFileOf, readEnvironment } from './compose/environment.ts'
import { readContainerSettings, startContainers } from './compose/joined-containers.ts'
import { describeJoined, keepJoined, makeJoinedState, readJoined, takeUpJoining, writeJoined } from './native/joined-node.ts'
import { makeOwnFolder } from './native/make-state.ts'
import { OperatorError, runCommand } from './native/operator-error.ts'
import { pathsOf } from './native/paths.ts'
import { readSecret } from './native/private-files.ts'
import { checkCentral, findOwnAddress, redeemToken } from './native/redeem-token.ts'
import { saying } from './native/say.ts'
import { readSettings } from './native/settings.ts'
import { startPart } from './native/start-part.ts'
import type { JoinedNode } from './native/joined-node.ts'
import type { Paths } from './native/paths.ts'
import type { Environment } from './native/settings.ts'

const repository = resolve(import.meta.dirname, '..')

/** Makes this machine a node of a fleet, or starts the node it is; see ./scripts/join --help. */
await runCommand(async () => {
  process.umask(0o077)
  const flags = readFlags(process.argv.slice(2))
  const envFile = envFileOf(process.env, join(repository, 'infra/node'))
  const environment = flags.native ? process.env : readEnvironment(process.env, envFile)
  const settings = readSettings([], environment, repository, 'join')
  const [own] = settings.nodes
  if (own === undefined) throw new OperatorError('join: there is no node to start', 2)
  const paths = pathsOf(settings.stateFolder)
  if (existsSync(paths.masterKey)) throw new OperatorError(`join: ${paths.state} belongs to a centre, which runs nodes of its own by ./scripts/up: set SPILLWAY_STATE_DIR to another folder`, 2)

  const joined = await findJoined(flags, paths, environment)
  makeJoinedState(joined, own, paths, repository)
  const relay = `node ${joined.node} of ${joined.central} relays on ${joined.relayIp}:${settings.coturnPort}; ./scripts/down stops it, ./scripts/join starts it again\n`
  if (!joined.native) {
    await startContainers(joined, settings, own, paths, repository, { environment, envFile })
    process.stdout.write(relay)
    return 0
  }
  const { PATH = '', HOME = '/', LANG = 'C.UTF-8' } = process.env
  const starting = { paths, repository, baseEnvironment: { PATH, HOME, LANG }, signal: new AbortController().signal, say: saying }
  for (const part of describeJoined(joined, settings, own, paths, repository)) await startPart(part, starting)
  process.stdout.write(relay)
  return 0
})

/** The node this machine is, was about to be, or becomes now; runs as processes ever after where it once was told to. */
async function findJoined (flags: Flags, paths: Paths, environment: Environment): Promise<JoinedNode> {
  const before = readJoined(paths)
  const broken = takeUpJoining(paths)
  const tokenGiven = flags['token-file'] !== undefined || Boolean(process.env.SPILLWAY_JOIN_TOKEN)
  if (broken === undefined && before !== undefined && tokenGiven) throw new OperatorError(`join: this machine is ${before.node} of ${before.central} already: without a token join starts it. To become another node: ./scripts/down, move ${paths.state} away, join again`, 2)
  const joined = broken ?? before ?? await joinFleet(flags, paths, environment)
  if (!flags.native || joined.native) return joined
  writeJoined(paths, { ...joined, native: true })
  return { ...joined, native: true }
}

type Flags = ReturnType<typeof readFlags>

function readFlags (args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        central: { type: 'string' },
        'token-file': { type: 'string' },
        'relay-ip': { type: 'string' },
        'external-ip': { type: 'string' },
        native: { type: 'boolean' }
      }
    }).values
  } catch (error) {
    throw new OperatorError(`join: ${(error as Error).message}\nTry ./scripts/join --help.`, 2)
  }
}

/** Everything that can be wrong is found out before the token is spent. */
async function joinFleet (flags: Flags, paths: Paths, environment: Environment): Promise<JoinedNode> {
  if (flags.central === undefined) throw new OperatorError('join: --central says whose fleet to join, and SPILLWAY_JOIN_TOKEN or --token-file with what token', 2)
  const central = checkCentral(flags.central)
  const token = readToken(flags['token-file'])
  const chosen = chooseAddress(flags, environment, 'relay-ip', 'SPILLWAY_NODE_RELAY_IP')
  const externalIp = chooseAddress(flags, environment, 'external-ip', 'SPILLWAY_NODE_EXTERNAL_IP')
  if (!flags.native) readContainerSettings(environment, paths)
  const relayIp = chosen ?? await findOwnAddress(central)
  if (chosen === undefined) saying('join', `relays on ${relayIp}, from where this machine reaches the centre; --relay-ip chooses another`)
  makeOwnFolder(paths.state)
  const answer = await redeemToken(central, token, [...externalIp === undefined ? [] : [externalIp], relayIp])
  saying('join', `this machine is ${answer.node} of ${central} now`)
  return keepJoined(paths, answer, { central, relayIp, externalIp: externalIp ?? null, native: flags.native === true })
}

/** By flag or by setting, of which the node goes by the latter ever after. */
function chooseAddress (flags: Flags, environment: Environment, flag: 'relay-ip' | 'external-ip', setting: string): string | undefined {
  const set = environment[setting] || undefined
  if (flags[flag] !== undefined && set !== undefined && flags[flag] !== set) throw new OperatorError(`join: --${flag} says ${flags[flag]}, ${setting} ${set}: one of them is wrong`, 2)
  const address = flags[flag] ?? set
  if (address !== undefined && isIP(address) === 0) throw new OperatorError(`join: --${flag} and ${setting} take an IP address`, 2)
  return address
}

function readToken (file: string | undefined): string {
  if (file === '-') return readFileSync(0, 'utf8').trim()
  const token = file === undefined ? process.env.SPILLWAY_JOIN_TOKEN : readSecret(file)
  if (!token) throw new OperatorError('join: no token: set SPILLWAY_JOIN_TOKEN, or name a file by --token-file (- reads it from standard input). POST /admin/v1/join-tokens of the centre makes one', 2)
  return token
}
