import autocannon from 'autocannon'
import { createHistogram } from 'node:perf_hooks'
import type { RecordableHistogram } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'

const CONNECTIONS = 32
/** How soon after its last answer autocannon notices that it has ended. */
const LOOK_MS = 20
const NANOS_A_MS = 1_000_000

export interface Target {
  url: string
  key: string
  /** bodies of the requests, dealt out among the connections */
  bodies: readonly string[]
}

export interface Answers {
  count: number
  /** from the first answer to the last: to connect takes time of its own */
  seconds: number
  /** as performance.now() has it; undefined before there is one */
  firstMs: number | undefined
  /** in nanoseconds */
  latencies: RecordableHistogram
}

/** Asks as fast as 32 connections are answered. @throws where an answer is not 201 with a credential of coturn */
export async function saturate (target: Target, amount: number): Promise<Answers> {
  const answers = begin()
  await fire(target, answers, { connections: CONNECTIONS, amount })
  return answers
}

/**
 * Asks `perSecond` times a second over the same connections. autocannon spends a second's share of a connection at once
 * and then waits, so the connections start one after the other, spread over a second: together they ask evenly.
 */
export async function askEvenly (target: Target, perSecond: number, seconds: number): Promise<Answers> {
  const answers = begin()
  const share = Math.round(perSecond / CONNECTIONS)
  await Promise.all(Array.from({ length: CONNECTIONS }, async (_, index) => {
    await delay(index * 1000 / CONNECTIONS)
    const bodies = target.bodies.filter((_body, at) => at % CONNECTIONS === index)
    await fire({ ...target, bodies }, answers, { connections: 1, amount: share * seconds, overallRate: share })
  }))
  return answers
}

const begin = (): Answers => ({ count: 0, seconds: 0, firstMs: undefined, latencies: createHistogram() })

/** One run of autocannon, whose own histogram knows whole milliseconds only. */
async function fire ({ url, key, bodies }: Target, answers: Answers, options: { connections: number, amount: number, overallRate?: number }): Promise<void> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const requests = bodies.map((body) => ({ method: 'POST' as const, headers, body }))
  let dealt = 0
  const setupClient = (client: autocannon.Client): void => {
    const own = dealt++
    client.setRequests(requests.filter((_request, at) => at % options.connections === own))
  }
  const verifyBody = (body: unknown): boolean => String(body).includes('"provider":"coturn"')
  const { errors, non2xx, mismatches, statusCodeStats } = await new Promise<autocannon.Result>((resolve, reject) => {
    autocannon({ ...options, url, method: 'POST', headers, sampleInt: LOOK_MS, setupClient, verifyBody }, (error: Error | null, result) => {
      if (error) reject(error)
      else resolve(result)
    }).on('response', (_client, _status, _bytes, milliseconds) => {
      answers.count += 1
      answers.firstMs ??= performance.now()
      answers.seconds = (performance.now() - answers.firstMs) / 1000
      answers.latencies.record(Math.max(1, Math.round(milliseconds * NANOS_A_MS)))
    })
  })
  if (errors + non2xx + mismatches > 0) throw new Error(`${url}: ${errors} failed, ${mismatches} not of coturn, by status ${JSON.stringify(statusCodeStats)}`)
}
