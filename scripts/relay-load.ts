import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { TurnClient } from '../services/turn/turn-client.ts'
import { exchange, type ExchangeResult } from '../services/turn/turn-exchange.ts'
import type { Transport } from '../services/turn/turn-leg.ts'
import { parseIceServers, pickTurnServer, type TurnServer } from '../services/turn/turn-url.ts'

const HELP = `Usage: node scripts/relay-load.ts --credentials - [options] < credentials.json

Clients in pairs talk to each other through the relay, both ways. Prints one line of JSON.

  --credentials -      read {"iceServers": [{"urls", "username", "credential"}]} from standard input
  --transport udp|tcp  which kind of turn: url to take, the first one of it (udp)
  --clients N          an even number, 2 to 200 (2)
  --packets N          packets each client sends, 1 to 1000000 (100)
  --bytes N            payload of a packet, 1 to 1200 (160)
  --seconds-max S      stop sending after this long, 1 to 3600 (60)
  --help               print this

Exit code 0: every session ran and something arrived. 1: otherwise, or a mistake on the command line.
`

/** A mistake of the operator's; the message says what to do. */
class UsageError extends Error {}

interface LoadOptions { clients: number, packets: number, payloadBytes: number, secondsMax: number }

function wholeNumber (name: string, value: string, min: number, max: number): number {
  const number = /^\d+$/.test(value) ? Number(value) : NaN
  if (!(number >= min && number <= max)) throw new UsageError(`--${name} takes a whole number from ${min} to ${max}`)
  return number
}

function readArguments (): { help: true } | { help: false, transport: Transport, load: LoadOptions } {
  const { values } = parseArgs({
    options: {
      credentials: { type: 'string' },
      transport: { type: 'string', default: 'udp' },
      clients: { type: 'string', default: '2' },
      packets: { type: 'string', default: '100' },
      bytes: { type: 'string', default: '160' },
      'seconds-max': { type: 'string', default: '60' },
      help: { type: 'boolean', default: false }
    }
  })
  if (values.help) return { help: true }
  if (values.credentials !== '-') throw new UsageError('--credentials - is needed: the credentials come on standard input, as a command line is readable by all users')
  const { transport } = values
  if (transport !== 'udp' && transport !== 'tcp') throw new UsageError('--transport takes udp or tcp')
  // 1200 bytes fit any path without fragments; the rest keeps a mistyped number from flooding a network.
  const load = {
    clients: wholeNumber('clients', values.clients, 2, 200),
    packets: wholeNumber('packets', values.packets, 1, 1_000_000),
    payloadBytes: wholeNumber('bytes', values.bytes, 1, 1200),
    secondsMax: wholeNumber('seconds-max', values['seconds-max'], 1, 3600)
  }
  if (load.clients % 2 !== 0) throw new UsageError('--clients takes an even number: they talk in pairs')
  return { help: false, transport, load }
}

/** Runs `use` with two connected clients, then ends their allocations and sockets whatever happened. */
async function withPair<Result> (server: TurnServer, clients: TurnClient[], use: (a: TurnClient, b: TurnClient) => Promise<Result>): Promise<Result> {
  const pair: TurnClient[] = []
  const connect = async (): Promise<TurnClient> => {
    const client = await TurnClient.connect(server)
    pair.push(client)
    clients.push(client)
    return client
  }
  try {
    const a = await connect()
    const b = await connect()
    return await use(a, b)
  } finally {
    await Promise.allSettled(pair.filter((client) => client.allocation !== undefined).map(async (client) => { await client.release() }))
    await Promise.all(pair.map(async (client) => { await client.close() }))
  }
}

async function runLoad (server: TurnServer, { clients: count, packets, payloadBytes, secondsMax }: LoadOptions): Promise<boolean> {
  const started = performance.now()
  const stop = new AbortController()
  const timer = setTimeout(() => { stop.abort() }, secondsMax * 1000)
  const clients: TurnClient[] = []
  const runs = await Promise.allSettled(Array.from({ length: count / 2 }, async () =>
    await withPair(server, clients, async (a, b) => await exchange({ a, b, packets, payloadBytes, signal: stop.signal }))))
  clearTimeout(timer)
  const results = runs.flatMap((run): ExchangeResult[] => run.status === 'fulfilled' ? [run.value] : [])
  const errors = runs.flatMap((run): string[] => run.status === 'rejected' ? [String(run.reason)] : [])
  const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0)
  const payloadSentBytes = sum(results.map(({ sentBytes }) => sentBytes))
  const payloadArrivedBytes = sum(results.map(({ arrivedBytes }) => arrivedBytes))
  process.stdout.write(JSON.stringify({
    transport: server.transport,
    sessions: clients.length,
    failedPairs: errors.length,
    sentPackets: sum(clients.map(({ traffic }) => traffic.sentPackets)),
    sentBytes: sum(clients.map(({ traffic }) => traffic.sentBytes)),
    receivedPackets: sum(clients.map(({ traffic }) => traffic.receivedPackets)),
    receivedBytes: sum(clients.map(({ traffic }) => traffic.receivedBytes)),
    payloadSentBytes,
    payloadArrivedBytes,
    payloadLossRatio: payloadSentBytes === 0 ? null : 1 - payloadArrivedBytes / payloadSentBytes,
    seconds: Math.round(performance.now() - started) / 1000,
    stoppedEarly: stop.signal.aborted,
    errors: [...new Set(errors)]
  }) + '\n')
  return errors.length === 0 && payloadArrivedBytes > 0
}

async function main (): Promise<boolean> {
  const args = readArguments()
  if (args.help) {
    process.stdout.write(HELP)
    return true
  }
  const iceServers = parseIceServers(await text(process.stdin))
  if (iceServers === undefined) throw new UsageError('standard input must hold JSON with an iceServers array')
  const server = pickTurnServer(iceServers, args.transport)
  if (server === undefined) throw new UsageError(`no turn: url for ${args.transport} with username and credential among the iceServers`)
  return await runLoad(server, args.load)
}

/** parseArgs throws a TypeError with a code of this form for an unknown or incomplete option. */
function isArgumentMistake (error: unknown): error is Error {
  return error instanceof UsageError || (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
}

try {
  process.exitCode = await main() ? 0 : 1
} catch (error) {
  if (!isArgumentMistake(error)) throw error
  process.stderr.write(`${error.message}\nTry --help.\n`)
  process.exitCode = 1
}
