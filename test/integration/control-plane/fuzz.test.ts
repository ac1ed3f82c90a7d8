import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { Compile } from 'typebox/schema'
import { applyUsage } from '../../../services/store/usage-ledger.ts'
import { ADMIN_TOKEN, ask, startControlPlane } from '../../helpers/control-plane.ts'
import { generateRequests } from '../../helpers/generate-requests.ts'
import type { GeneratedRequest, Known, OpenApiDocument } from '../../helpers/generate-requests.ts'
import { goodClaims, signShared, unsigned } from '../../helpers/key-set-server.ts'
import { createSender, eachOf } from '../../helpers/send-request.ts'
import type { RawAnswer } from '../../helpers/send-request.ts'
import { secretsIn } from '../../helpers/search-logs.ts'
import { allocationOf, bookedRow, deliver } from '../../helpers/usage-rows.ts'

const REQUESTS = 10_000
/** Enough for every code path to be compiled, every pool filled and the heap grown to its working size. */
const WARM_UP = 2_000
const AT_ONCE = 16
/** Far above what any of these requests takes (a key set that is not there: 2 s), far below a hang. */
const DEADLINE_MS = 8_000
/** Measured: 6 to 12 MiB, and 31 MiB after 40,000. So a leak of 6 kB a request shows. */
const MAX_GROWTH_BYTES = 64 * 1024 * 1024
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31)

const [, list = ''] = /^Errors are [^]*? that stays the same:([^]*?)\n\n/m.exec(readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')) ?? []
const CODES = new Set([...list.matchAll(/`([a-z_]+)`/g)].map(([, code = '']) => code))

// V8 lets a heap grow for as long as there is memory; in a small one it collects, and what is left is what is held
const door = await startControlPlane(t, { settings: { SPILLWAY_JOIN_REDIS_URL: 'redis://127.0.0.1:6379', NODE_OPTIONS: '--max-old-space-size=128 --max-semi-space-size=8' } })
await door.addNode('eu-1')
const redis = await door.redis.connect()
await applyUsage(redis, await deliver(redis, 'eu-1', 'log', 1), [bookedRow()])
const unlimited = { app: 10_000_000, publishable: 10_000_000, user: 10_000_000, address: 10_000_000 }
const SECRET = 'the secret both the app and the door know'
const secret = await door.createApp('front', { allowedOrigins: ['https://shop.example'], requestsPerMinute: unlimited, userJwt: { issuer: 'https://id.example', secret: SECRET } })
const publishable = await door.createKey('front', 'publishable')
const token = await signShared(SECRET, goodClaims('https://id.example', 'front', 'alice'))
const reader = (await door.admin('POST', '/tokens', { name: 'reader', role: 'read' })).body.token
const operator = (await door.admin('POST', '/tokens', { name: 'operator', role: 'operate' })).body.token
const joinTokens = await Promise.all(Array.from({ length: 8 }, async () => (await door.admin('POST', '/join-tokens', { ttlSeconds: 3600 })).body as { id: string, token: string }))
const secrets = new Set([...joinTokens.map(({ token }) => token), ADMIN_TOKEN, secret, publishable, token, reader, operator, SECRET])

/** What is right comes more than once where all of it has to be right for a call to succeed at all. */
const often = (value: string): string[] => [value, value, value]
/** What is made, changed and deleted. The app `front` that asks for credentials stays, and so does the one whose keys are made and revoked. */
const POOL = ['pool-1', 'pool-2', 'constructor']
const KEYS_APP = 'keys'
await door.createApp(KEYS_APP)
const parameters = {
  app: [...POOL, ...often('{{keysApp}}')],
  // not the one that serves: without it there is no relay to answer with
  node: ['eu-2', 'us-1', 'constructor'],
  name: POOL,
  tag: ['0123456789abcdef01234567'],
  id: [...often(`eu-1:boot-1:${allocationOf(1)}`), '0123456789abcdef', ...joinTokens.slice(4).map(({ id }) => id)],
  before: ['0-0', '1-1'],
  from: ['2026-11-22', '2026-11-22T10:00Z', '1'],
  to: ['2026-11-23', '2026-11-22T11:00:00+01:00']
}
const bearers = [...joinTokens.slice(0, 4).map(({ token }) => token), secret, publishable, token, ADMIN_TOKEN, reader, operator, 'at_wrong', unsigned({ alg: 'none' }, goodClaims('https://id.example', 'front', 'mallory')), '__proto__'].map(token => `Bearer ${token}`)
const known = (right: string, key: string[], fields: Record<string, string[]>): Known => ({ bearer: `Bearer ${right}`, otherBearers: bearers, parameters: { ...parameters, key, api: key, api_key: key }, fields })
const keys = [secret, secret, publishable, token, 'sk_wrong']
const documents: Array<{ port: number, document: OpenApiDocument, known: Known }> = [
  { port: door.apiPort, document: (await ask(`${door.api}/openapi.json`, 'GET')).body, known: known(secret, keys, { key: keys, api: keys, api_key: keys }) },
  { port: door.opsPort, document: (await ask(`${door.ops}/openapi/admin.json`, 'GET')).body, known: known(ADMIN_TOKEN, ['{{keyId}}'], { id: POOL, name: POOL }) }
]
const anyRequest = fc.oneof(...documents.map(({ port, document, known }) => {
  const calls = Object.values(document.paths).reduce((count, item) => count + Object.keys(item).length, 0)
  return { arbitrary: generateRequests(document, known).map(request => ({ port, ...request })), weight: calls }
}))
type Sent = GeneratedRequest & { port: number }

const checks = new Map<object, { Check: (value: unknown) => boolean }>()
const fits = (schema: object, value: unknown): boolean => {
  const check = checks.get(schema) ?? Compile(schema)
  checks.set(schema, check)
  return check.Check(value)
}

/** What is wrong with the answer to a request; undefined where nothing is. */
function faultOf ({ method, operation }: Sent, { status, headers, text }: RawAnswer): string | undefined {
  const type = headers['content-type']?.split(';')[0] ?? ''
  if (status >= 500) return `${status}`
  if (status < 200 || (status >= 300 && status < 400)) return `status ${status}`
  if (status >= 400) {
    if (type !== 'application/problem+json') return `${status} as ${type || 'nothing'}`
    if (method === 'HEAD') return undefined
    const problem = JSON.parse(text)
    if (!CODES.has(problem.code) || problem.status !== status) return `the problem ${text}`
    const schema = operation?.responses.default?.content?.['application/problem+json']?.schema
    return schema === undefined || fits(schema, problem) ? undefined : `a problem that is not as documented: ${text}`
  }
  if (!operation || status === 204) return status === 204 && text !== '' ? 'a body where there is none' : undefined
  const schema = operation.responses[status]?.content?.[type]?.schema
  if (schema === undefined) return `${status} as ${type}, which is not documented`
  return fits(schema, type === 'application/json' ? JSON.parse(text) : text) ? undefined : `a reply that is not as documented: ${text.slice(0, 500)}`
}

const send = createSender(t, AT_ONCE, DEADLINE_MS)
const statuses = new Map<string, number>()
const succeeded = new Set<string>()
/** One rotation keeps out the next for its whole overlap, so chance may let none of a kind through; they have tests of their own. */
const ROTATIONS = ['post /admin/v1/nodes/{node}/rotate-secret', 'post /admin/v1/master-key/rotate', 'post /admin/v1/master-key/rotate-back', 'delete /admin/v1/master-key/{id}']
const faults: string[] = []
let keysMade: string[] = []
let slowestMs = 0

async function tryOne (generated: Sent): Promise<void> {
  const { operation, method } = generated
  const path = generated.path
    .replace('{{keysApp}}', operation?.path.includes('/keys') ? KEYS_APP : POOL[0] ?? '')
    .replace('{{keyId}}', keysMade.at(-1) ?? '0123456789abcdef')
  const request = { ...generated, path }
  const shown = JSON.stringify({ ...request, operation: undefined }).slice(0, 700)
  const began = performance.now()
  try {
    const answer = await send(request.port, request)
    slowestMs = Math.max(slowestMs, performance.now() - began)
    statuses.set(`${answer.status}`, (statuses.get(`${answer.status}`) ?? 0) + 1)
    const fault = faultOf(request, answer)
    if (fault !== undefined) faults.push(`${fault}\n  to ${shown}`)
    if (!operation || answer.status >= 300) return
    succeeded.add(`${operation.method} ${operation.path}`)
    if (method === 'DELETE' && path.includes('/keys/')) keysMade = keysMade.filter(id => !path.includes(id))
    if (answer.status !== 201 && !operation.path.startsWith('/v1')) return
    const body = JSON.parse(answer.text)
    for (const secret of [...secretsIn(body), body.token]) if (typeof secret === 'string') secrets.add(secret)
    if (operation.path.endsWith('/keys') && body.app === KEYS_APP) keysMade.push(body.id)
  } catch (error) {
    faults.push(`${(error as Error).message} after ${Math.round(performance.now() - began)} ms\n  to ${shown}`)
  }
}
const run = async (count: number, seed: number) => { await eachOf(fc.sample(anyRequest, { numRuns: count, seed }), AT_ONCE, tryOne) }
const mebibytes = (bytes: number): number => Math.round(bytes / 1024 / 1024)

t.test(`${REQUESTS} generated requests over all calls of both APIs: seed ${seed}`, async t => {
  await run(WARM_UP, seed)
  const before = door.residentBytes()
  const began = performance.now()
  await run(REQUESTS, seed + 1)
  const growth = door.residentBytes() - before
  t.comment(`${Math.round(performance.now() - began)} ms, the slowest ${Math.round(slowestMs)} ms; resident ${mebibytes(before)} MiB and ${mebibytes(growth)} more; ${JSON.stringify(Object.fromEntries([...statuses].sort()))}`)
  t.same(faults.slice(0, 20), [], `${faults.length} faults; run again with FUZZ_SEED=${seed}`)
  t.ok(growth < MAX_GROWTH_BYTES, `grew by ${mebibytes(growth)} MiB`)

  const calls = documents.flatMap(({ document }) => Object.entries(document.paths).flatMap(([path, item]) => Object.keys(item).map(method => `${method} ${path}`)))
  t.same(calls.filter(call => !succeeded.has(call) && !ROTATIONS.includes(call)), [], 'every call was also made as it should be')
  for (const status of ['200', '201', '202', '204', '400', '401', '403', '404', '409', '413', '414', '415']) t.ok(statuses.has(status), `some were answered ${status}`)
})

t.test('afterwards it serves as before, its audit is whole, and its log has kept quiet', async t => {
  t.ok(door.running)
  const { missing, degraded } = (await ask(`${door.ops}/readyz`, 'GET')).body
  t.same([missing, Object.keys(degraded)], [{}, ['probers']], 'its node is probed by nobody, nothing else is away')
  t.equal((await door.issue(secret)).status, 201)
  const verified = (await door.admin('GET', '/audit/verify')).body
  t.match(verified, { intact: true, brokenAt: null })
  t.ok(verified.entries > 500, `${verified.entries} changes were made`)
  t.notMatch(door.log, /"level":(50|60)/)
  t.equal(await door.metric('spillway_problems_total', 'code="internal"'), 0)
  t.ok(secrets.size > 100, `looked for ${secrets.size} secrets`)
  t.same([...secrets].filter(secret => door.log.includes(secret)).map(secret => secret.slice(0, 6)), [])
})
