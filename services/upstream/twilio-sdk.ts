import type { Twilio } from 'twilio'
import { callUpstream } from './http-call.ts'
import { UpstreamError } from './upstream-error.ts'

export interface TwilioSettings {
  accountSid: string
  /** the account's SID with its auth token, or that of an API key with its secret */
  username: string
  password: string
  /** stands in place of https://api.twilio.com */
  baseUrl: string
}

/** What the SDK hands to its HTTP client; the rest of it is for the client it brings. */
interface SdkRequest {
  method: string
  uri: string
  username?: string
  password?: string
  headers?: Record<string, string>
  params?: Record<string, unknown>
  data?: Record<string, unknown>
}

const entriesOf = (values: Record<string, unknown> = {}): Array<[string, string]> => Object.entries(values).map(([name, value]) => [name, String(value)])

/** 20 MiB of memory and a quarter of a second: only who has a Twilio account pays for it. */
const load = async () => (await import('twilio')).default

/**
 * The official SDK, over our own HTTP: its own would wait for as long as bytes trickle in, and take proxy and certificates
 * from the environment. Region, edge and log level are set, for the environment has its say only where they are not.
 */
export function createTwilioSdk ({ accountSid, username, password, baseUrl }: TwilioSettings, maxBytes: number) {
  const origin = baseUrl.replace(/\/+$/, '')
  const loading = load()
  // whoever asks first hears of it
  loading.catch(() => {})

  const request = async ({ method, uri, username = '', password = '', headers = {}, params, data }: SdkRequest, signal: AbortSignal) => {
    const { pathname, searchParams } = new URL(uri)
    for (const [name, value] of entriesOf(params)) searchParams.append(name, value)
    const query = searchParams.size > 0 ? `?${searchParams}` : ''
    const isGet = method.toUpperCase() === 'GET'
    const { status, text } = await callUpstream({
      method: isGet ? 'GET' : 'POST',
      url: `${origin}${pathname}${query}`,
      headers: { ...headers, authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` },
      ...isGet ? {} : { body: new URLSearchParams(entriesOf(data)).toString() },
      signal,
      maxBytes
    })
    return { statusCode: status, body: text, headers: {} }
  }

  /** A client whose requests end with this signal. @throws UpstreamError misconfigured where the package is missing */
  return async (signal: AbortSignal): Promise<Twilio> => {
    const twilio = await loading.catch(() => { throw new UpstreamError('misconfigured', 'the package twilio cannot be loaded') })
    return twilio(username, password, {
      accountSid,
      edge: '',
      region: '',
      logLevel: 'off',
      autoRetry: false,
      httpClient: { request: async (sent: SdkRequest) => await request(sent, signal) } as never
    })
  }
}
