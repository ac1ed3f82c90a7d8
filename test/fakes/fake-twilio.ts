import { randomBytes } from 'node:crypto'
import { FAKE_TWILIO_ACCOUNT } from './accounts.ts'
import type { TwilioAccount } from './accounts.ts'
import type { Behaviour } from './behaviour.ts'
import { startFake } from './fake-server.ts'
import type { FakeAnswer, FakeRequest, Place } from './fake-server.ts'
import { answerUsageRecords } from './twilio-usage-records.ts'
import type { TwilioUsageRow } from './twilio-usage-records.ts'

const MAX_TTL_SECONDS = 86_400
/** The latest are kept: what is asked for is bounded by who asks, what is remembered by this. */
const MAX_REMEMBERED = 1_000
const URLS = ['stun:global.stun.twilio.com:3478', 'turn:global.turn.twilio.com:3478?transport=udp', 'turn:global.turn.twilio.com:3478?transport=tcp', 'turn:global.turn.twilio.com:443?transport=tcp']

/** Twilio's number of an error, its name, and the HTTP status it comes with. */
const ERRORS: Record<number, [code: number, message: string]> = {
  400: [20001, 'Invalid parameter'],
  401: [20003, 'Authenticate'],
  403: [20403, 'Forbidden'],
  404: [20404, 'The requested resource was not found'],
  405: [20004, 'Method not allowed'],
  429: [20429, 'Too Many Requests'],
  500: [20500, 'Internal Server Error']
}

export interface TwilioMint { ttl: number, username: string, password: string }

/** Twilio's API of 2010, as far as Tokens and Usage Records go. */
export async function startFakeTwilio ({ account = FAKE_TWILIO_ACCOUNT, ...place }: Place & { account?: TwilioAccount } = {}) {
  const minted: TwilioMint[] = []
  let usage: TwilioUsageRow[] = []
  const logins = [[account.accountSid, account.authToken], [account.apiKey, account.apiSecret]].map(([name, word]) => `Basic ${Buffer.from(`${name}:${word}`).toString('base64')}`)

  function answer (request: FakeRequest): FakeAnswer {
    const [, sid, resource = ''] = /^\/2010-04-01\/Accounts\/([^/]+)\/(.+)\.json$/.exec(request.path) ?? []
    const isToken = resource === 'Tokens'
    const call = isToken ? 'mint' : resource.startsWith('Usage/Records') ? 'usage' : 'unknown'
    const refused = (status: number): FakeAnswer => ({ call, status, ...refuse(status) })
    if (!logins.includes(request.headers.authorization ?? '')) return refused(401)
    if (sid !== account.accountSid || call === 'unknown') return refused(404)
    if (request.method !== (isToken ? 'POST' : 'GET')) return refused(405)
    if (call === 'usage') {
      const body = answerUsageRecords(request, account.accountSid, resource, usage)
      return body === undefined ? refused(404) : { call, status: 200, body }
    }
    const form = new URLSearchParams(/^application\/x-www-form-urlencoded/.test(request.headers['content-type'] ?? '') ? request.body : '')
    const ttl = form.get('Ttl') ?? String(MAX_TTL_SECONDS)
    if (!/^\d{1,6}$/.test(ttl) || Number(ttl) < 1 || Number(ttl) > MAX_TTL_SECONDS) return refused(400)
    return { call, status: 201, body: mint(Number(ttl)) }
  }

  function mint (ttl: number) {
    const secret = { username: randomBytes(32).toString('hex'), password: randomBytes(32).toString('base64') }
    minted.push({ ttl, ...secret })
    if (minted.length > MAX_REMEMBERED) minted.shift()
    const now = new Date().toUTCString().replace('GMT', '+0000')
    return {
      account_sid: account.accountSid,
      date_created: now,
      date_updated: now,
      ...secret,
      ttl: String(ttl),
      ice_servers: URLS.map(url => ({ url, urls: url, ...url.startsWith('turn:') ? { username: secret.username, credential: secret.password } : {} }))
    }
  }

  const fake = await startFake({ answer, refuse, spoil, setUsage: rows => { usage = rows as TwilioUsageRow[] } }, place)
  return {
    ...fake,
    minted,
    setUsage: (rows: TwilioUsageRow[]): void => { usage = rows }
  }
}

function refuse (status: number): { headers?: Record<string, string>, body: unknown } {
  const [code, message] = ERRORS[status] ?? [20000 + status, 'Error']
  return {
    ...status === 401 ? { headers: { 'www-authenticate': 'Basic realm="Twilio API"' } } : {},
    body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status }
  }
}

interface Token { ttl: string | null, ice_servers: Array<Record<string, unknown>> }

function spoil (answer: FakeAnswer, { mode, ttlSeconds }: Behaviour): FakeAnswer {
  if (answer.call !== 'mint') return spoilUsage(answer, mode)
  const token = answer.body as Token
  const { ice_servers: servers, ...rest } = token
  const [stun, ...turns] = servers
  const relay = (url: string) => ({ ...turns[0], url, urls: url })
  const bodies: Partial<Record<typeof mode, unknown>> = {
    nulls: Object.fromEntries(Object.keys(token).map(name => [name, null])),
    'missing-list': rest,
    'empty-list': { ...token, ice_servers: [] },
    'unusable-urls': { ...token, ice_servers: ['turn:global.turn.twilio.com:53?transport=udp', 'turn:global.turn.twilio.com:3478?transport=sctp'].map(relay) },
    'stun-only': { ...token, ice_servers: [stun] },
    'short-ttl': { ...token, ttl: String(ttlSeconds) },
    // a STUN URL with a query voids the whole list in Chrome; entries had `url` only
    'older-shape': { ...token, ice_servers: [{ url: 'stun:global.stun.twilio.com:3478?transport=udp' }, ...turns.map(({ urls: _urls, ...entry }) => entry)] }
  }
  return mode in bodies ? { ...answer, body: bodies[mode] } : answer
}

function spoilUsage (answer: FakeAnswer, mode: Behaviour['mode']): FakeAnswer {
  const page = answer.body as { usage_records: object[] }
  if (mode === 'missing-list') return { ...answer, body: {} }
  if (mode === 'nulls') return { ...answer, body: { ...page, usage_records: page.usage_records.map(record => Object.fromEntries(Object.keys(record).map(name => [name, null]))) } }
  return answer
}
