import { noTraffic } from '../../services/domain/session.ts'
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
  /** of these whose relay died under them, or a moment after they hung up */
  lostSessions: number
  /** what coturn had not reported of those when it died, and nobody but the client knows of */
  lostBytes: number
  /** sessions that ended in good order, and of which the ledger does not say what the client does, to the byte */
  differing: Array<{ userTag: string, client: Traffic, ledger: Traffic | null }>
}

/** The ledger beside the load client, session by session, once all calls are over. */
export async function compareWithLedger (stack: LiveStack, load: CallLoad): Promise<Comparison> {
  const apps = [...load.sessions.keys()]
  const counted = [...load.sessions.values()].flat()
  let booked = new Map<string, BookedSession>()
  await until('the ledger has closed every session', async () => {
    booked = new Map((await Promise.all(apps.map(async (app) => await readSessions(stack, app)))).flat())
    return counted.every(({ userTag, ended }) => !ended || ['closed', 'lost'].includes(booked.get(userTag)?.state ?? ''))
  }, BOOKED_MS, LOOK_MS).catch(() => {})
  // one that hung up a moment before its relay died has no total either
  const isLost = ({ userTag, ended }: SessionCount): boolean => !ended || booked.get(userTag)?.state === 'lost'
  const differing = counted.filter((session) => !isLost(session)).flatMap((session) => {
    const [client, found] = [trafficOf(session), booked.get(session.userTag)]
    const ledger = found ? trafficOf(found) : null
    return found?.state === 'closed' && JSON.stringify(ledger) === JSON.stringify(client) ? [] : [{ userTag: session.userTag, client, ledger }]
  })
  const lost = counted.filter(isLost)
  const lostBytes = lost.reduce((sum, session) => sum + bytesOf(session) - bytesOf(booked.get(session.userTag) ?? noTraffic()), 0)
  const [clientBytes, ledgerBytes] = [bytesOf(addTraffic(...counted)), await readBytes(stack, apps)]
  return { clientBytes, ledgerBytes, ratio: ledgerBytes / clientBytes, sessions: counted.length, lostSessions: lost.length, lostBytes, differing }
}

export const bytesOf = ({ bytesIn, bytesOut }: Traffic): number => bytesIn + bytesOut

const trafficOf = ({ packetsIn, bytesIn, packetsOut, bytesOut }: Traffic): Traffic => ({ packetsIn, bytesIn, packetsOut, bytesOut })

interface BookedSession extends Traffic { userTag: string, state: string }

async function readSessions (stack: LiveStack, app: string): Promise<Array<[string, BookedSession]>> {
  const { sessions } = await stack.admin<{ sessions: BookedSession[] }>('GET', `/sessions?app=${app}&state=ended&limit=${MOST_SESSIONS}`)
  return sessions.map((session) => [session.userTag, session])
}

/** Of what own relays carried; what paid providers are expected to have carried stands in rows of their own. */
export async function readBytes (stack: LiveStack, apps: readonly string[]): Promise<number> {
  const replies = await Promise.all(apps.map(async (app) => await stack.admin<{ rows: Array<Traffic & { key: string }> }>('GET', `/usage?by=provider&app=${app}`)))
  return replies.flatMap(({ rows }) => rows).filter(({ key }) => key === 'coturn').reduce((sum, row) => sum + bytesOf(row), 0)
}
