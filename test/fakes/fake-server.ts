import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { readBehaviour, STATUS_OF, WELL } from './behaviour.ts'
import type { Behaviour, Mode } from './behaviour.ts'

export interface FakeRequest {
  method: string
  path: string
  query: URLSearchParams
  headers: IncomingMessage['headers']
  body: string
}

export interface FakeAnswer {
  /** what was asked for, to be counted by */
  call: string
  status: number
  headers?: Record<string, string>
  /** JSON; undefined: no body */
  body?: unknown
}

/** A provider's contract, as a function of what it is asked. */
export interface Contract {
  answer: (request: FakeRequest) => FakeAnswer
  /** its own way to say an error */
  refuse: (status: number) => { headers?: Record<string, string>, body: unknown }
  /** a good reply made bad in one of the ways that are about its fields */
  spoil: (answer: FakeAnswer, behaviour: Behaviour) => FakeAnswer
  /** what PUT /_fake/usage sets. @throws where it cannot be read */
  setUsage: (rows: unknown) => void
}

/** Nothing that is asked of a provider here is longer. */
const MAX_BODY_BYTES = 64 * 1024
const MAX_CONNECTIONS = 2_000
/** Each request closes with its test, or when the client goes; a trickle never ends by itself. */
const DRIP_MS = 50
const HUGE_CHUNK = `"${'x'.repeat(64 * 1024)}",`
const HUGE_CHUNKS = 1_000

/** Where a fake listens: loopback, and a free port, unless told. */
export interface Place { port?: number | undefined, host?: string | undefined }

/**
 * A provider's API on loopback, with a switch: by the object, or over HTTP at `/_fake` (GET: state and counts, PUT: a
 * behaviour such as {"mode":"hang"}, DELETE: well again and nothing counted).
 */
export async function startFake (contract: Contract, { port = 0, host = '127.0.0.1' }: Place = {}) {
  let behaviour = WELL
  let inFlight = 0
  let mostInFlight = 0
  const calls: Record<string, number> = {}

  const state = () => ({ ...behaviour, calls: { ...calls }, total: Object.values(calls).reduce((sum, count) => sum + count, 0), inFlight, mostInFlight })
  const forget = (): void => {
    behaviour = WELL
    mostInFlight = inFlight
    for (const call of Object.keys(calls)) delete calls[call]
  }

  /** What this request is to meet, counted off. */
  function nextBehaviour (): Behaviour {
    const now = behaviour
    if (now.times !== null) behaviour = now.times > 1 ? { ...now, times: now.times - 1 } : WELL
    return now
  }

  function control (request: FakeRequest, response: ServerResponse): void {
    try {
      if (request.method === 'PUT' && request.path === '/_fake/usage') contract.setUsage(JSON.parse(request.body))
      else if (request.method === 'PUT') behaviour = readBehaviour(JSON.parse(request.body))
      else if (request.method === 'DELETE') forget()
      sendJson(response, 200, {}, state())
    } catch (error) {
      sendJson(response, 400, {}, { error: (error as Error).message })
    }
  }

  async function serve (incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(incoming)
    if (request.path === '/_fake' || request.path === '/_fake/usage') return control(request, response)
    const answer = contract.answer(request)
    calls[answer.call] = (calls[answer.call] ?? 0) + 1
    inFlight += 1
    mostInFlight = Math.max(mostInFlight, inFlight)
    response.once('close', () => { inFlight -= 1 })
    await behave(nextBehaviour(), contract, answer, response)
  }

  const server = createServer((incoming, response) => {
    serve(incoming, response).catch(() => { response.destroy() })
  })
  server.maxConnections = MAX_CONNECTIONS
  server.listen(port, host)
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    url,
    /** how every request is answered from now on */
    set: (mode: Mode, differs: Partial<Behaviour> = {}): void => { behaviour = readBehaviour({ ...differs, mode }) },
    reset: forget,
    state,
    /** requests of one kind, or all */
    count: (call?: string): number => call === undefined ? state().total : calls[call] ?? 0,
    stop: async (): Promise<void> => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    }
  }
}

async function readRequest (incoming: IncomingMessage): Promise<FakeRequest> {
  let body = ''
  for await (const chunk of incoming.setEncoding('utf8')) {
    body += chunk
    if (body.length > MAX_BODY_BYTES) throw new Error('too much')
  }
  const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://fake')
  return { method: incoming.method ?? '', path: pathname, query: searchParams, headers: incoming.headers, body }
}

function sendJson (response: ServerResponse, status: number, headers: Record<string, string>, body: unknown): void {
  if (body === undefined) response.writeHead(status, headers).end()
  else response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

/** Answers as the mode says, from what would be the right answer. */
async function behave (behaviour: Behaviour, contract: Contract, right: FakeAnswer, response: ServerResponse): Promise<void> {
  const { mode, retryAfterSeconds, delayMs } = behaviour
  const json = { 'content-type': 'application/json' }
  const text = JSON.stringify(right.body ?? null)
  const half = text.slice(0, text.length / 2)
  switch (mode) {
    case 'hang': break
    case 'reset': response.socket?.resetAndDestroy(); break
    case 'redirect': response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(); break
    case 'html-error': response.writeHead(503, { 'content-type': 'text/html' }).end('<html><body><h1>503 Service Unavailable</h1></body></html>'); break
    case 'stall': response.writeHead(right.status, json).write(half); break
    case 'stalled-refusal': response.writeHead(401, json).write('{"code":'); break
    case 'malformed': response.writeHead(right.status, json).end(half); break
    case 'trickle': await drip(response, right.status, text); break
    case 'huge-body': await flood(response, right.status); break
    case 'slow':
      await delay(delayMs)
      sendJson(response, right.status, right.headers ?? {}, right.body)
      break
    default: {
      const status = STATUS_OF[mode]
      const refusal = status === undefined ? undefined : contract.refuse(status)
      const after = mode === 'rate-limited' ? { 'retry-after': String(retryAfterSeconds) } : {}
      const sent = refusal ? { status: status ?? 500, body: refusal.body, headers: { ...refusal.headers, ...after } } : right.status < 300 ? contract.spoil(right, behaviour) : right
      sendJson(response, sent.status, sent.headers ?? {}, sent.body)
    }
  }
}

/** The right answer, a byte at a time, and then spaces: a client that waits for its end waits for ever. */
async function drip (response: ServerResponse, status: number, text: string): Promise<void> {
  response.writeHead(status, { 'content-type': 'application/json' })
  for (let index = 0; !response.destroyed; index++) {
    response.write(text[index] ?? ' ')
    await delay(DRIP_MS)
  }
}

/** 64 MB of JSON, as fast as they are read. */
async function flood (response: ServerResponse, status: number): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => { gone.abort() })
  response.writeHead(status, { 'content-type': 'application/json' }).write('{"iceServers":[')
  for (let sent = 0; sent < HUGE_CHUNKS && !gone.signal.aborted; sent++) {
    if (!response.write(HUGE_CHUNK)) await once(response, 'drain', { signal: gone.signal })
  }
  response.end('""]}')
}
