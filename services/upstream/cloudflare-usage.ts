import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { within } from './call-guard.ts'
import { callUpstream } from './http-call.ts'
import { asUpstreamError, UpstreamError } from './upstream-error.ts'

export interface CloudflareUsageSettings {
  accountId: string
  /** with the permission Account Analytics; the token of the TURN key has it not */
  analyticsToken: string
  keyId: string
  /** what stands before `/client/v4/graphql` */
  baseUrl: string
}

/** What was relayed in one minute under one custom identifier, which is the app. */
export interface CloudflareUsage {
  app: string
  minuteMs: number
  /** to clients: what is billed */
  egressBytes: number
  ingressBytes: number
}

const bytes = Type.Integer({ minimum: 0 })
const reply = Compile(Type.Object({
  errors: Type.Optional(Type.Union([Type.Null(), Type.Array(Type.Unknown(), { maxItems: 0 })])),
  data: Type.Object({
    viewer: Type.Object({
      accounts: Type.Array(Type.Object({
        callsTurnUsageAdaptiveGroups: Type.Array(Type.Object({
          dimensions: Type.Object({ customIdentifier: Type.String(), datetimeMinute: Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$' }) }),
          sum: Type.Object({ egressBytes: bytes, ingressBytes: bytes })
        }))
      }), { minItems: 1, maxItems: 1 })
    })
  })
}))

/** The most rows the API gives; a reply that has as many may lack some. */
const LIMIT = 10_000
const QUERY = `query ($account: string!, $key: string!, $after: Time!, $before: Time!) {
  viewer { accounts(filter: { accountTag: $account }) {
    callsTurnUsageAdaptiveGroups(limit: ${LIMIT}, filter: { keyId: $key, datetimeMinute_gt: $after, datetimeMinute_lt: $before }) {
      dimensions { customIdentifier datetimeMinute }
      sum { egressBytes ingressBytes }
    }
  } }
}`
/** Ten thousand rows are about 2 MiB. */
const MAX_BYTES = 8 * 1024 * 1024
/** Nobody waits for it: a job reads it a few times an hour. */
const DEADLINE_MS = 60_000
const MINUTE_MS = 60_000

/**
 * Usage of whole minutes from `fromMs` up to `toMs`, which is not included. It is known about half a minute later, and
 * sampled where it is much.
 * @throws UpstreamError
 */
export function createCloudflareUsage ({ accountId, analyticsToken, keyId, baseUrl }: CloudflareUsageSettings) {
  const url = `${baseUrl.replace(/\/+$/, '')}/client/v4/graphql`
  const headers = { authorization: `Bearer ${analyticsToken}`, 'content-type': 'application/json', accept: 'application/json' }

  async function read (fromMs: number, toMs: number, signal: AbortSignal): Promise<CloudflareUsage[]> {
    // both bounds are left out by the API
    const variables = { account: accountId, key: keyId, after: new Date(fromMs - 1_000).toISOString(), before: new Date(toMs).toISOString() }
    const { text } = await callUpstream({ method: 'POST', url, headers, body: JSON.stringify({ query: QUERY, variables }), signal, maxBytes: MAX_BYTES })
    const value: unknown = JSON.parse(text)
    if (!reply.Check(value)) throw new UpstreamError('bad_reply', 'the usage is not of the form it should have')
    const rows = value.data.viewer.accounts[0]?.callsTurnUsageAdaptiveGroups ?? []
    if (rows.length >= LIMIT) {
      if (toMs - fromMs < 2 * MINUTE_MS) throw new UpstreamError('bad_reply', `a minute of usage has more rows than can be read (${LIMIT})`)
      const middleMs = fromMs + Math.floor((toMs - fromMs) / 2 / MINUTE_MS) * MINUTE_MS
      return [...await read(fromMs, middleMs, signal), ...await read(middleMs, toMs, signal)]
    }
    return rows.map(({ dimensions, sum }) => ({ app: dimensions.customIdentifier, minuteMs: Date.parse(dimensions.datetimeMinute), ...sum }))
  }

  return async (fromMs: number, toMs: number): Promise<CloudflareUsage[]> => {
    try {
      return await within(DEADLINE_MS, async signal => await read(fromMs, toMs, signal))
    } catch (error) {
      throw asUpstreamError(error)
    }
  }
}
