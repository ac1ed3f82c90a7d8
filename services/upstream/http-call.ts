import { UpstreamError } from './upstream-error.ts'

export interface HttpCall {
  method: 'GET' | 'POST'
  url: string
  headers: Record<string, string>
  body?: string
  signal: AbortSignal
  /** a longer reply is no reply */
  maxBytes: number
}

/** An error is a short text; what it says in full is not read. */
const MAX_ERROR_BYTES = 4 * 1024
/** The status says all that matters: a refusal whose text hangs is a refusal still, and its caller goes on to the next. */
const ERROR_TEXT_MS = 200

/**
 * One request over Node's own fetch, which heeds no HTTP_PROXY, no agent and no timeout but this signal. Redirects are not
 * followed: they would carry a key elsewhere. Resolves with the text of a 2xx.
 * @throws UpstreamError with neither URL nor body in its message; the reason of the signal when that is aborted
 */
export async function callUpstream ({ method, url, headers, body, signal, maxBytes }: HttpCall): Promise<{ status: number, text: string }> {
  const readEnough = new AbortController()
  try {
    const response = await fetch(url, { method, headers, body: body ?? null, signal: AbortSignal.any([signal, readEnough.signal]), redirect: 'manual' })
    if (response.ok) return { status: response.status, text: await readText(response, maxBytes) }
    const timer = setTimeout(() => { readEnough.abort() }, ERROR_TEXT_MS)
    throw await refusalOf(response).finally(() => { clearTimeout(timer) })
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (error instanceof UpstreamError) throw error
    throw new UpstreamError('unreachable', `no answer (${causeOf(error)})`)
  }
}

/** Decoded as it comes, so that a compressed flood is cut as well. */
async function readText (response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    // leaving the loop ends the connection
    if (bytes > maxBytes) throw new UpstreamError('bad_reply', `the reply is longer than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

async function refusalOf (response: Response): Promise<UpstreamError> {
  const { status, headers } = response
  const said = `answered ${status}${await codeIn(response)}`
  if (status === 401 || status === 403 || status === 404) return new UpstreamError('misconfigured', said)
  if (status === 429) return new UpstreamError('rate_limited', said, retryAfterMs(headers.get('retry-after'), Date.now()))
  return new UpstreamError(status >= 500 ? 'server_error' : 'rejected', said)
}

/** Twilio's own number of an error, by which its documentation explains it; a number holds no secret. */
async function codeIn (response: Response): Promise<string> {
  try {
    const { code } = JSON.parse(await readText(response, MAX_ERROR_BYTES))
    return Number.isInteger(code) ? `, code ${code}` : ''
  } catch {
    return ''
  }
}

/** RFC 9110, section 10.2.3: seconds or a date. Undefined where it is neither. */
export function retryAfterMs (text: string | null, nowMs: number): number | undefined {
  if (text === null) return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs)
}

/** fetch hides what happened to the connection in `cause`; its code is a word of the system, its message may name addresses. */
function causeOf (error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown } }
  return typeof cause?.code === 'string' ? cause.code : 'the connection broke'
}
