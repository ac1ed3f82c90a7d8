import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { CryptoKey, JWK, JWTPayload } from 'jose'
import type { Test } from 'tap'

export interface SigningKey {
  alg: string
  kid: string
  privateKey: CryptoKey
  /** as a key set shows it */
  jwk: JWK
}

export async function createSigningKey (alg: string, kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { alg, kid, privateKey, jwk: { ...await exportJWK(publicKey), alg, kid, use: 'sig' } }
}

/** Claims of a good token, an hour long. */
export const goodClaims = (issuer: string, audience: string, sub: string): JWTPayload => {
  const now = Math.floor(Date.now() / 1000)
  return { iss: issuer, aud: audience, sub, iat: now, exp: now + 3600 }
}

export const signToken = async ({ alg, kid, privateKey }: Omit<SigningKey, 'jwk'>, claims: JWTPayload): Promise<string> =>
  await new SignJWT(claims).setProtectedHeader({ alg, kid }).sign(privateKey)

export const signShared = async (secret: string, claims: JWTPayload, alg = 'HS256'): Promise<string> =>
  await new SignJWT(claims).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret))

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
/** Signed by nobody. */
export const unsigned = (header: unknown, claims: unknown, signature = ''): string => `${part(header)}.${part(claims)}.${signature}`

/** Serves public keys as an app would (RFC 7517), or however it is told to misbehave. */
export async function startKeySetServer (t: Test) {
  let answer = (response: ServerResponse): void => { response.writeHead(404).end() }
  let fetches = 0
  const server = createServer((_request, response) => {
    fetches += 1
    answer(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    server.closeAllConnections()
    await new Promise(resolve => { server.close(resolve) })
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    get fetches () { return fetches },
    serve: (...keys: object[]) => { answer = response => { response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys })) } },
    answerWith: (behaviour: (response: ServerResponse) => void) => { answer = behaviour }
  }
}
