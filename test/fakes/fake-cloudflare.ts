import { randomBytes } from 'node:crypto'
import { FAKE_CLOUDFLARE_ACCOUNT } from './accounts.ts'
import type { CloudflareAccount } from './accounts.ts'
import type { Behaviour } from './behaviour.ts'
import { answerUsageQuery } from './cloudflare-analytics.ts'
import type { CloudflareUsageRow } from './cloudflare-analytics.ts'
import { startFake } from './fake-server.ts'
import type { FakeAnswer, FakeRequest, Place } from './fake-server.ts'

/** Cloudflare's own limit: 48 hours. */
const MAX_TTL_SECONDS = 172_800
/** The latest are kept: what is asked for is bounded by who asks, what is remembered by this. */
const MAX_REMEMBERED = 1_000
const HOST = 'turn.cloudflare.com'

const stun = () => ({ urls: ['stun:stun.cloudflare.com:3478', 'stun:stun.cloudflare.com:53'] })
const turnUrls = [`turn:${HOST}:3478?transport=udp`, `turn:${HOST}:53?transport=udp`, `turn:${HOST}:3478?transport=tcp`, `turn:${HOST}:80?transport=tcp`, `turns:${HOST}:5349?transport=tcp`, `turns:${HOST}:443?transport=tcp`]

export interface CloudflareMint { ttl: number, customIdentifier: string | undefined, username: string, credential: string }

/** Cloudflare Realtime TURN: mint, revoke, and the usage its GraphQL API tells. */
export async function startFakeCloudflare ({ account = FAKE_CLOUDFLARE_ACCOUNT, ...place }: Place & { account?: CloudflareAccount } = {}) {
  const minted: CloudflareMint[] = []
  const revoked: string[] = []
  let usage: CloudflareUsageRow[] = []
  const credentials = /^\/v1\/turn\/keys\/([^/]+)\/credentials\/(?:(generate-ice-servers|generate)|([^/]+)\/(revoke))$/

  function answer (request: FakeRequest): FakeAnswer {
    if (request.path === '/client/v4/graphql') {
      return { call: 'usage', ...answerUsageQuery(request, account, usage) }
    }
    const [, keyId, generate, username, revoke] = credentials.exec(request.path) ?? []
    const call = generate !== undefined ? 'mint' : revoke ?? 'unknown'
    if (keyId === undefined) return { call, status: 404, body: undefined }
    if (request.method !== 'POST') return { call, status: 405, body: undefined }
    if (request.headers.authorization !== `Bearer ${account.apiToken}`) return { call, ...refuse(401), status: 401 }
    if (keyId !== account.keyId) return { call, ...refuse(404), status: 404 }
    if (revoke !== undefined) {
      revoked.push(decodeURIComponent(username ?? ''))
      return { call, status: 204 }
    }
    return { call, ...mint(request, generate === 'generate') }
  }

  function mint ({ headers, body }: FakeRequest, single: boolean): Omit<FakeAnswer, 'call'> {
    let asked: { ttl?: unknown, customIdentifier?: unknown }
    try {
      asked = JSON.parse(body)
    } catch {
      return { ...refuse(400), status: 400 }
    }
    const { ttl, customIdentifier } = asked
    const isJson = /^application\/json/.test(headers['content-type'] ?? '')
    if (!isJson || !Number.isInteger(ttl) || Number(ttl) < 1 || Number(ttl) > MAX_TTL_SECONDS) return { ...refuse(400), status: 400 }
    const secret = { username: randomBytes(48).toString('hex'), credential: randomBytes(32).toString('hex') }
    minted.push({ ttl: Number(ttl), customIdentifier: customIdentifier === undefined ? undefined : String(customIdentifier), ...secret })
    if (minted.length > MAX_REMEMBERED) minted.shift()
    const turn = { urls: [...turnUrls], ...secret }
    // the older call: one entry, STUN among its URLs
    return { status: 201, body: { iceServers: single ? { ...turn, urls: [...stun().urls, ...turnUrls] } : [stun(), turn] } }
  }

  const fake = await startFake({ answer, refuse, spoil, setUsage: rows => { usage = rows as CloudflareUsageRow[] } }, place)
  return {
    ...fake,
    minted,
    revoked,
    setUsage: (rows: CloudflareUsageRow[]): void => { usage = rows }
  }
}

/** Its error bodies are not documented; this is the form its other APIs use. */
function refuse (status: number): { body: unknown } {
  return { body: { success: false, errors: [{ code: 10_000 + status, message: `refused with ${status}` }], messages: [], result: null } }
}

interface Entry { urls: string[], username?: string, credential?: string }
interface Reply { iceServers: Entry | Entry[] }

function spoil (answer: FakeAnswer, { mode }: Behaviour): FakeAnswer {
  if (answer.call !== 'mint') return ['nulls', 'missing-list', 'empty-list'].includes(mode) ? { ...answer, body: { data: null, errors: null } } : answer
  const { iceServers: given } = answer.body as Reply
  // the older call has them in one
  const [stunEntry, turn = stunEntry] = [given].flat()
  const iceServers: Partial<Record<typeof mode, unknown>> = {
    nulls: null,
    'empty-list': [],
    'unusable-urls': [{ ...turn, urls: [`turn:${HOST}:53?transport=udp`, `turns:${HOST}:53`, `turn:${HOST}:3478?transport=sctp`, 'https://turn.cloudflare.com'] }],
    'stun-only': [stunEntry],
    'older-shape': { ...turn, urls: [...stunEntry?.urls ?? [], ...turn?.urls ?? []] }
  }
  if (mode === 'missing-list') return { ...answer, body: {} }
  return mode in iceServers ? { ...answer, body: { iceServers: iceServers[mode] } } : answer
}
