import { until } from '../../scripts/until.ts'
import { secretsIn } from './search-logs.ts'

export interface Answer<Body = any> { status: number, body: Body, headers: Headers }

/** Asked every few seconds by machines, so the control plane writes no line for them. */
const PROBES = /\/(metrics|healthz|readyz)$/

/** Both APIs of a running Spillway, over HTTP. */
export function createApiClient ({ api, ops, adminToken }: { api: string, ops: string, adminToken: string }) {
  /** what must not stand in any log: what the APIs give away is added by itself */
  const secrets = new Set<string>()
  /** requests the control plane has answered to us, and so has to have a line for */
  let answered = 0

  async function call<Body = any> (url: string, method: string, token: string, body?: unknown): Promise<Answer<Body>> {
    const headers: Record<string, string> = { authorization: `Bearer ${token}` }
    if (body !== undefined) headers['content-type'] = 'application/json'
    const response = await fetch(url, { method, headers, ...body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) } })
    const text = await response.text()
    if (!PROBES.test(new URL(url).pathname)) answered += 1
    const answer = text.startsWith('{') ? JSON.parse(text) : text as Body
    for (const secret of secretsIn(answer)) secrets.add(secret)
    return { status: response.status, body: answer, headers: response.headers }
  }
  const admin = async <Body = any> (method: string, path: string, body?: unknown): Promise<Answer<Body>> =>
    await call<Body>(`${ops}/admin/v1${path}`, method, adminToken, body)
  const issue = async (key: string, body?: unknown): Promise<Answer> => await call(`${api}/v1/credentials`, 'POST', key, body)

  /** A new app with a secret key of its own. */
  async function createApp (id: string, settings: Record<string, unknown> = {}): Promise<string> {
    await admin('POST', '/apps', { id, ...settings })
    const { body } = await admin('POST', `/apps/${id}/keys`)
    await until('the new key opens its app', async () => (await issue(body.key)).status === 201)
    return body.key
  }

  return { api, ops, call, admin, issue, createApp, secrets, answered: () => answered }
}
