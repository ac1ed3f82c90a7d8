import { existsSync } from 'node:fs'
import { until } from '../until.ts'
import { OperatorError } from './operator-error.ts'
import { readSecret, writeSecretOnce } from './private-files.ts'

const ANSWER_MS = 5_000
const BEGINS_MS = 30_000

export interface Answer { status: number, body: Record<string, unknown> }

/** One call of an API that speaks JSON. @throws OperatorError where nobody answers */
export async function call (method: string, url: string, token: string, body?: unknown): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${token}`, ...body === undefined ? {} : { 'content-type': 'application/json' } },
      ...body === undefined ? {} : { body: JSON.stringify(body) },
      signal: AbortSignal.timeout(ANSWER_MS)
    })
    return { status: response.status, body: JSON.parse(await response.text() || '{}') }
  } catch (error) {
    const { message, cause } = error as Error
    throw new OperatorError(`${method} ${url}: ${cause instanceof Error ? cause.message : message}`)
  }
}

/** The admin API of the control plane. */
export function createAdminApi (opsUrl: string, token: string) {
  const request = async (expected: number[], method: string, path: string, body?: unknown): Promise<Answer> => {
    const answer = await call(method, `${opsUrl}/admin/v1${path}`, token, body)
    if (expected.includes(answer.status)) return answer
    throw new OperatorError(`${method} ${opsUrl}/admin/v1${path} answered ${answer.status}: ${String(answer.body.detail ?? '')}`)
  }
  const keyOf = ({ body }: Answer): string => {
    if (typeof body.key === 'string') return body.key
    throw new OperatorError(`the admin API at ${opsUrl} answered without a key`)
  }

  const readNodes = async (): Promise<Array<{ id?: unknown, state?: unknown, observed?: { urls?: unknown } | null }>> => {
    const { body } = await request([200], 'GET', '/nodes')
    return Array.isArray(body.nodes) ? body.nodes : []
  }

  return {
    readNodes,

    /** Waits for a control plane that has just begun to listen, or was cut off by a Redis that took over its users anew. @throws where it goes on not answering */
    untilAnswers: async (): Promise<void> => {
      await until(`the admin API at ${opsUrl} answers`, async () => await readNodes().then(() => true, () => false), BEGINS_MS, BEGINS_MS / 100)
    },

    /** What the public API answers to this key. */
    issue: async (apiUrl: string, key: string): Promise<Answer> => await call('POST', `${apiUrl}/v1/credentials`, key, {}),

    /** Makes sure that the node is registered and its key lies in the file. Returns whether there was anything to do. */
    async registerNode (id: string, keyFile: string): Promise<boolean> {
      const listed = (await readNodes()).some((node) => node.id === id)
      if (listed && existsSync(keyFile)) return false
      const key = keyOf(await request([200, 201], 'PUT', `/nodes/${id}`))
      const kept = readSecret(keyFile)
      if (kept === undefined) writeSecretOnce(keyFile, key)
      else if (kept !== key) throw new OperatorError(`${keyFile} belongs to another master key: delete it, and up saves the one that fits`)
      return true
    },

    /** Says which of the nodes the control plane cannot use yet, undefined when there is none. */
    async findUnused (ids: readonly string[]): Promise<string | undefined> {
      const states = new Map((await readNodes()).map(({ id, state }) => [id, state]))
      const unused = ids.find((id) => ['unready', 'down', undefined].includes(states.get(id) as string | undefined))
      return unused === undefined ? undefined : `${unused} is ${String(states.get(unused))} for the control plane`
    },

    /** The URLs these nodes say clients reach them at. */
    async urlsOf (ids: readonly string[]): Promise<unknown[]> {
      const nodes = (await readNodes()).filter(({ id }) => ids.includes(String(id)))
      return nodes.flatMap(({ observed }) => Array.isArray(observed?.urls) ? observed.urls : [])
    },

    /** Makes sure that there is an app of this id. */
    async ensureApp (id: string, name: string): Promise<void> {
      await request([201, 409], 'POST', '/apps', { id, name })
    },

    /** A new secret key of an app. */
    async createKey (app: string): Promise<string> {
      return keyOf(await request([201], 'POST', `/apps/${app}/keys`))
    }
  }
}

export type AdminApi = ReturnType<typeof createAdminApi>
