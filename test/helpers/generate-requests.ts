import fc from 'fast-check'
import { hostileValues, nearValues, validValues } from './generate-values.ts'
import type { KnownValues, Schema } from './generate-values.ts'

interface Parameter { name: string, in: string, schema: Schema }
interface Operation { parameters?: Parameter[], requestBody?: { content: Record<string, { schema: Schema }> }, responses: Record<string, { content?: Record<string, { schema: Schema }> }> }
export interface OpenApiDocument { paths: Record<string, Record<string, Operation>> }

export interface GeneratedRequest {
  method: string
  /** with its query, in the characters a request line may hold */
  path: string
  /** a name that comes twice is sent twice */
  headers: Array<[name: string, value: string]>
  body: string | undefined
  /** the call it is about; none where it is about none */
  operation: { path: string, method: string, responses: Operation['responses'] } | undefined
}

export interface Known {
  /** the headers of a caller that may do anything on this API */
  bearer: string
  /** other ways to say who asks, right ones and wrong ones */
  otherBearers: string[]
  /** of parameters; `{{…}}` is filled in when it is sent */
  parameters: KnownValues
  /** of the fields of bodies */
  fields: KnownValues
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'SEARCH', 'QUERY', 'LINK', 'PURGE', 'REPORT']
const TYPES = ['application/json', 'application/json; charset=utf-16', 'application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x', 'application/xml', 'application/json, text/plain', 'x', '', 'application/json;'.padEnd(3_000, 'x')]
const ODD_PATHS = ['/', '//', '/.', '/..', '/%2e%2e/%2e%2e/etc/passwd', '/%', '/%00', '/%ff', '/%zz', '/?', '/#', '/*', '/admin/v1', '/admin/v1/', '/admin/v1/apps/', '/admin/v1/apps//keys', '/v1/credentials/', '/v1/credentials;x=y', '/V1/CREDENTIALS', '/turn?', '/turn?&&==&', '/turn/credentials/../status', '/x'.repeat(200), `/${'x'.repeat(3_000)}`, '/__proto__', '/constructor']
const BAD_JSON = ['{', '{}{}', '[', 'nul', '{"a":1,}', "{'a':1}", '{"a":01}', '{"a":"\u0001"}', '{"__proto__":{"a":1}}', '{"constructor":{"prototype":{"a":1}}}', '\ufeff{}', '['.repeat(9_000), `${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`, ' '.repeat(17_000), 'x'.repeat(17_000), '{"user":"\\ud800"}', '\0']

/** Once in a while. */
const rarely = <T, U>(often: fc.Arbitrary<T>, rare: fc.Arbitrary<U>, weight = 4): fc.Arbitrary<T | U> => fc.oneof({ arbitrary: often, weight }, { arbitrary: rare, weight: 1 })

/** Every character as a request line may hold it; half a surrogate pair becomes the bytes it would have. */
const percent = (text: string): string => Buffer.from(text).toString('latin1').replace(/[^A-Za-z0-9._~-]/g, byte => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)
const inLine = (value: unknown): string => {
  const text = typeof value === 'string' ? value : JSON.stringify(value) ?? ''
  return text.startsWith('{{') ? text : percent(text).slice(0, 6_000)
}

function parameterValues ({ name, schema }: Parameter, { parameters: { [name]: known = [] } }: Known): fc.Arbitrary<string> {
  const valid = known.length > 0 ? fc.oneof({ arbitrary: fc.constantFrom(...known), weight: 4 }, { arbitrary: validValues(schema), weight: 1 }) : validValues(schema)
  return rarely(valid, hostileValues, 3).map(inLine)
}

function paths (template: string, parameters: Parameter[], known: Known): fc.Arbitrary<string> {
  const segments = parameters.filter(parameter => parameter.in === 'path')
  const queries = parameters.filter(parameter => parameter.in === 'query')
  const path = fc.tuple(...segments.map(parameter => parameterValues(parameter, known)))
    .map(values => segments.reduce((path, { name }, index) => path.replace(`{${name}}`, () => values[index] ?? ''), template))
  const pair = queries.length === 0 ? fc.constant('x=y') : fc.constantFrom(...queries).chain(parameter => parameterValues(parameter, known).map(value => `${parameter.name}=${value}`))
  const anyPair = rarely(pair, fc.tuple(hostileValues, hostileValues).map(([name, value]) => `${inLine(name)}=${inLine(value)}`), 12)
  return fc.tuple(path, rarely(fc.array(anyPair, { maxLength: queries.length > 0 ? 4 : 0 }), fc.array(anyPair, { maxLength: 6 }), 8)).map(([path, pairs]) => pairs.length > 0 ? `${path}?${pairs.join('&')}` : path)
}

function bodies (content: Record<string, { schema: Schema }> | undefined, { fields }: Known): fc.Arbitrary<{ body: string | undefined, type: string | undefined }> {
  const [type, media] = Object.entries(content ?? {})[0] ?? []
  const schema = media?.schema ?? {}
  const asText = type === 'application/x-www-form-urlencoded'
    ? (value: unknown) => new URLSearchParams(Object.entries(value ?? {}).map(([name, value]): [string, string] => [name, typeof value === 'string' ? value : JSON.stringify(value)])).toString()
    : (value: unknown) => JSON.stringify(value)
  const values = fc.oneof({ arbitrary: validValues(schema, fields), weight: 5 }, { arbitrary: nearValues(schema, fields), weight: 4 }, { arbitrary: hostileValues, weight: 1 })
  const body = rarely(rarely(values.map(asText), fc.constantFrom(...BAD_JSON), 10), fc.constant(undefined), 12)
  const none = fc.constant({ body: undefined, type: undefined })
  const some = fc.record({ body, type: rarely(fc.constant(type ?? 'application/json'), fc.constantFrom(undefined, ...TYPES), 12) })
  return type === undefined ? rarely(none, some, 8) : some
}

function headers ({ bearer, otherBearers }: Known): fc.Arbitrary<Array<[string, string]>> {
  const authorization = (value: string): [string, string] => ['authorization', value]
  const who = fc.oneof(
    { arbitrary: fc.constant([authorization(bearer)]), weight: 8 },
    { arbitrary: fc.constantFrom(...otherBearers).map(value => [authorization(value)]), weight: 2 },
    { arbitrary: fc.constantFrom<Array<[string, string]>>([], [authorization(bearer), authorization(bearer)], [authorization('Bearer')], [authorization(bearer.replace('Bearer', 'Basic'))], [authorization(`Bearer ${'x'.repeat(4_000)}`)], [authorization('Bearer \xff\xfe')]), weight: 1 }
  )
  const odd = fc.subarray<[string, string]>([
    ['origin', 'https://shop.example'], ['origin', 'null'], ['accept', 'text/csv'], ['accept', '*/*;q=x'], ['x-forwarded-for', '198.51.100.1, ::1'], ['x-http-method-override', 'DELETE'], ['if-none-match', '*'], ['range', 'bytes=0-1'],
    ['expect', '100-continue'], ['content-encoding', 'gzip'], ['accept-encoding', 'br;q=9'], ['cookie', 'a=b'], ['x-request-id', 'x'.repeat(500)], ['access-control-request-method', 'POST'], ['host', 'evil.example'], ['upgrade', 'websocket'], ['te', 'trailers']
  ], { minLength: 1, maxLength: 3 })
  return fc.tuple(who, rarely(fc.constant([]), odd, 3)).map(([who, odd]) => [...who, ...odd])
}

/** Requests about every call of a document: right ones, nearly right ones, and ones that should never have been sent. */
export function generateRequests (document: OpenApiDocument, known: Known): fc.Arbitrary<GeneratedRequest> {
  const calls = Object.entries(document.paths).flatMap(([path, item]) => Object.entries(item).map(([method, operation]) => {
    const { parameters = [], requestBody, responses } = operation
    return fc.record({ path: paths(path, parameters, known), headers: headers(known), content: bodies(requestBody?.content, known), method: rarely(fc.constant(method.toUpperCase()), fc.constantFrom(...METHODS), 20) })
      .map(({ path: asked, headers, content, method: used }): GeneratedRequest => ({
        method: used,
        path: asked,
        headers: content.type === undefined ? headers : [...headers, ['content-type', content.type]],
        body: content.body,
        operation: used === method.toUpperCase() ? { path, method, responses } : undefined
      }))
  }))
  const astray = fc.record({ method: fc.constantFrom(...METHODS), path: fc.constantFrom(...ODD_PATHS), headers: headers(known), body: fc.constantFrom(undefined, '{}'), operation: fc.constant(undefined) })
  return fc.oneof(...calls, astray)
}
