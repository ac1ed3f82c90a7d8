import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { callUpstream } from './http-call.ts'
import type { MintClient } from './paid-minter.ts'
import { ProviderIceServer, readRelayList } from './relay-list.ts'
import { UpstreamError } from './upstream-error.ts'

export interface CloudflareSettings {
  keyId: string
  apiToken: string
  /** what stands before `/v1/turn` */
  baseUrl: string
}

/** Today a list; `/credentials/generate` still answers a single entry. Nothing says when it expires. */
const reply = Compile(Type.Object({
  iceServers: Type.Union([Type.Array(ProviderIceServer), ProviderIceServer])
}))
/** A real reply is below 1 KiB. */
const MAX_BYTES = 64 * 1024

/** Credentials of Cloudflare Realtime TURN, by the key that is named in the settings. */
export function createCloudflareClient ({ keyId, apiToken, baseUrl }: CloudflareSettings): MintClient & { revoke: (username: string, signal: AbortSignal) => Promise<void> } {
  const credentials = `${baseUrl.replace(/\/+$/, '')}/v1/turn/keys/${encodeURIComponent(keyId)}/credentials`
  const headers = { authorization: `Bearer ${apiToken}`, 'content-type': 'application/json', accept: 'application/json' }

  return {
    async mint ({ app, ttlSeconds }, signal) {
      const startedMs = Date.now()
      // the app, and nothing of its user: what is relayed can be told apart by whom the bill goes to, and nobody is followed
      const body = JSON.stringify({ ttl: ttlSeconds, customIdentifier: app })
      const { text } = await callUpstream({ method: 'POST', url: `${credentials}/generate-ice-servers`, headers, body, signal, maxBytes: MAX_BYTES })
      const value: unknown = JSON.parse(text)
      if (!reply.Check(value)) throw new UpstreamError('bad_reply', 'the reply is not of the form it should have')
      return { iceServers: readRelayList([value.iceServers].flat()), expiresAtMs: startedMs + ttlSeconds * 1000 }
    },

    /** Calls under this credential end shortly after. @throws UpstreamError */
    async revoke (username, signal) {
      await callUpstream({ method: 'POST', url: `${credentials}/${encodeURIComponent(username)}/revoke`, headers, signal, maxBytes: MAX_BYTES })
    }
  }
}
