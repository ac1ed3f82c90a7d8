import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { MintClient } from './paid-minter.ts'
import { ProviderIceServer, readRelayList } from './relay-list.ts'
import { createTwilioSdk } from './twilio-sdk.ts'
import type { TwilioSettings } from './twilio-sdk.ts'
import { UpstreamError } from './upstream-error.ts'

/** Of a token what is used; Twilio's own schema lets all of it be null, and writes the ttl as text. */
const token = Compile(Type.Object({
  ttl: Type.Union([Type.String({ pattern: '^[0-9]{1,9}$' }), Type.Integer({ minimum: 0 })]),
  iceServers: Type.Array(ProviderIceServer)
}))
/** A real reply is about 1 KiB. */
const MAX_BYTES = 64 * 1024

/** Tokens of Twilio Network Traversal Service. There is no way to revoke one. */
export function createTwilioClient (settings: TwilioSettings): MintClient {
  const connect = createTwilioSdk(settings, MAX_BYTES)
  return {
    async mint ({ ttlSeconds }, signal) {
      const sdk = await connect(signal)
      const startedMs = Date.now()
      const { ttl, iceServers } = await sdk.tokens.create({ ttl: ttlSeconds })
      const value: unknown = { ttl, iceServers: iceServers?.map(({ url, urls, username, credential }) => ({ url: url ?? null, urls: urls ?? null, username: username ?? null, credential: credential ?? null })) }
      if (!token.Check(value)) throw new UpstreamError('bad_reply', 'the reply is not of the form it should have')
      return { iceServers: readRelayList(value.iceServers), expiresAtMs: startedMs + Number(value.ttl) * 1000 }
    }
  }
}
