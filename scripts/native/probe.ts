import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { OperatorError } from './operator-error.ts'
import { readSecret } from './private-files.ts'
import { reachable } from './part.ts'
import type { Address } from './settings.ts'
import type { Probe, RedisProbe } from './part.ts'

/** One question; a part that takes longer is asked again. */
const QUESTION_MS = 2_000

/** Makes a Redis that runs already take over users added to its ACL file. @throws OperatorError where it refuses */
export async function reloadUsers (redis: RedisProbe): Promise<void> {
  const problem = await converseRedis(redis, 'ACL LOAD', (answer) => (answer.match(/\+OK/g) ?? []).length === 2)
  if (problem !== undefined) throw new OperatorError(`the central Redis does not take its users: ${problem}`)
}

/** What the part still lacks, or undefined when it is ready. */
export async function ask (probe: Probe): Promise<string | undefined> {
  try {
    if (probe.kind === 'http') return await askHttp(probe.url)
    if (probe.kind === 'tcp') return await converse(probe.address, '', () => true)
    return await converseRedis(probe, 'PING', (answer) => answer.includes('+PONG'))
  } catch (error) {
    return (error as Error).message
  }
}

async function askHttp (url: string): Promise<string | undefined> {
  const response = await fetch(url, { signal: AbortSignal.timeout(QUESTION_MS) })
  const text = await response.text()
  return response.ok ? undefined : text
}

/** Logs in and gives one command. */
async function converseRedis ({ address, user, passwordFile, caFile }: RedisProbe, command: string, enough: (answer: string) => boolean): Promise<string | undefined> {
  return await converse(address, `AUTH ${user} ${readSecret(passwordFile) ?? ''}\r\n${command}\r\n`, enough, caFile)
}

/** Connects, says something and waits for an answer that will do. @param caFile set where it speaks TLS */
async function converse (address: Address, text: string, enough: (answer: string) => boolean, caFile?: string): Promise<string | undefined> {
  const to = { ...reachable(address), timeout: QUESTION_MS }
  const socket = caFile === undefined ? connect(to) : connectTls({ ...to, ca: readFileSync(caFile) })
  const timer = AbortSignal.timeout(QUESTION_MS)
  let answer = ''
  try {
    await once(socket, caFile === undefined ? 'connect' : 'secureConnect', { signal: timer })
    socket.write(text)
    while (!enough(answer)) {
      const [chunk] = await once(socket, 'data', { signal: timer }) as [Buffer]
      answer += chunk.toString('latin1')
      if (/^-/m.test(answer)) return answer.trim()
    }
    return undefined
  } finally {
    socket.destroy()
  }
}

/** Asks until the part is ready; resolves with what it lacks if it ended first, or when the time is up. */
export async function untilReady (probe: Probe, alive: () => boolean, { deadlineMs, signal }: { deadlineMs: number, signal: AbortSignal }): Promise<string | undefined> {
  const end = performance.now() + deadlineMs
  for (;;) {
    const lacks = await ask(probe)
    if (lacks === undefined) return undefined
    if (!alive()) return 'it ended'
    if (performance.now() > end) return `not ready after ${deadlineMs / 1000} s: ${lacks}`
    await delay(100, undefined, { signal })
  }
}
