import type { Traffic } from '../../services/domain/session.ts'
import { until } from '../until.ts'
import type { CallLoad } from './call-load.ts'
import type { LiveStack } from './live-stack.ts'
import { addTraffic } from './relay-call.ts'
import type { SessionCount } from './relay-call.ts'

/** Sessions that ended are told of by coturn within about a second, shipped and applied within two more. */
const BOOKED_MS = 30_000
const LOOK_MS = 500
const MOST_SESSIONS = 9_999

export interface Comparison {
  /** what the clients counted on their own sockets, in both directions */
  clientBytes: number
  /** what the ledger has booked to the same apps by own relays */
  ledgerBytes: number
  /** the ledger's over the clients' */
  ratio: number
  sessions: number
  /** of these whose relay died under them: what coturn had not reported is known to nobody but the client */
  lostSessions: number
  /** sessions that ended in good order, and of which the ledger does not say what the client does, to the byte */
  differing: Array<{ userTag: string, client: Traffic, ledger: Traffic | null }>
}

/** The ledger beside the load client, session by session, once all calls are over. */
export async function compareWithLedger (stack: LiveStack, load: CallLoad): Promise<Comparison> {
  const apps = [...load.sessions.keys()]
  const counted = [...load.sessions.values()].flat()
  const ended = counted.filter((session) => session.ended)
  let booked = new Map<string, Traffic>()
  await until('the ledger has closed every session', async () => {
    booked = new Map((await Promise.all(apps.map(async (app) => await readSessions(stack, app)))).flat())
    return ended.every(({ userTag }) => booked.has(userTag))
  }, BOOKED_MS, LOOK_MS).catch(() => {})
  const differing = ended.flatMap((session) => {
    const [client, ledger] = [trafficOf(session), booked.get(session.userTag)]
    return ledger !== undefined && JSON.stringify(ledger) === JSON.stringify(client) ? [] : [{ userTag: session.userTag, client, ledger: ledger ?? null }]
  })
  const [clientBytes, ledgerBytes] = [bytesOf(addTraffic(...counted)), await readBytes(stack, apps)]
  return { clientBytes, ledgerBytes, ratio: ledgerBytes / clientBytes, sessions: counted.length, lostSessions: counted.length - ended.length, differing }
}

export const bytesOf = ({ bytesIn, bytesOut }: Traffic): number => bytesIn + bytesOut

const trafficOf = ({ packetsIn, bytesIn, packetsOut, bytesOut }: Traffic): Traffic => ({ packetsIn, bytesIn, packetsOut, bytesOut })

async function readSessions (stack: LiveStack, app: string): Promise<Array<[string, Traffic]>> {
  const { sessions } = await stack.admin<{ sessions: Array<SessionCount & { state: string }> }>('GET', `/sessions?app=${app}&state=ended&limit=${MOST_SESSIONS}`)
  return sessions.filter(({ state }) => state === 'closed').map((session) => [session.userTag, trafficOf(session)])
}

/** Of what own relays carried; what paid providers are expected to have carried stands in rows of their own. */
export async function readBytes (stack: LiveStack, apps: readonly string[]): Promise<number> {
  const replies = await Promise.all(apps.map(async (app) => await stack.admin<{ rows: Array<Traffic & { key: string }> }>('GET', `/usage?by=provider&app=${app}`)))
  return replies.flatMap(({ rows }) => rows).filter(({ key }) => key === 'coturn').reduce((sum, row) => sum + bytesOf(row), 0)
}
