import { Agent, request as httpRequest } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import type { Test } from 'tap'
import type { GeneratedRequest } from './generate-requests.ts'

export interface RawAnswer {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

/** Sends requests no browser would, over kept connections; each is answered before its deadline, or it is an error. */
export function createSender (t: Test, connections: number, deadlineMs: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  t.teardown(() => { agent.destroy() })

  async function send (port: number, generated: Omit<GeneratedRequest, 'operation'>, attempt = 1): Promise<RawAnswer> {
    const { method, path, body } = generated
    const repeated = Object.entries(Object.groupBy(generated.headers, ([name]) => name))
    const headers: Record<string, string | string[]> = Object.fromEntries(repeated.map(([name, lines = []]) => [name, lines.length > 1 ? lines.map(([, value]) => value) : lines[0]?.[1] ?? '']))
    if (body !== undefined) headers['content-length'] = String(Buffer.byteLength(body))
    return await new Promise((resolve, reject) => {
      const request = httpRequest({ host: '127.0.0.1', port, agent, method, path, headers, signal: AbortSignal.timeout(deadlineMs) }, response => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => { chunks.push(chunk) })
        response.on('end', () => { resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() }) })
        response.on('error', reject)
      })
      request.on('error', (error: NodeJS.ErrnoException) => {
        // a kept connection may be closed by the other side just as it is used again (RFC 9112, 9.3.1)
        if (request.reusedSocket && error.code === 'ECONNRESET' && attempt < 3) send(port, generated, attempt + 1).then(resolve, reject)
        else reject(error)
      })
      request.end(body)
    })
  }
  return send
}

/** Works off a list, so many at a time. */
export async function eachOf<T> (items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const next = items.values()
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (const item of next) await work(item)
  }))
}
