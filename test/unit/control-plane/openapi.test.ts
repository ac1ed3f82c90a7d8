import { readFileSync } from 'node:fs'
import t from 'tap'
import { renderOpenApi } from '../../../services/control-plane/export-openapi.ts'

const folder = new URL('../../../services/control-plane/openapi/', import.meta.url)

t.test('the committed documents are those that are served: npm run openapi writes them anew', async t => {
  for (const [name, text] of await renderOpenApi()) t.equal(readFileSync(new URL(name, folder), 'utf8'), text, name)
})

t.test('every call has an id of its own, a summary, a reply with a schema, and a problem', async t => {
  const ids = new Set<string>()
  let calls = 0
  for (const text of (await renderOpenApi()).values()) {
    const { openapi, paths } = JSON.parse(text)
    t.equal(openapi, '3.1.0')
    for (const [path, item] of Object.entries<Record<string, any>>(paths)) {
      for (const [method, { operationId, summary, tags, responses }] of Object.entries(item)) {
        calls += 1
        ids.add(operationId)
        t.ok(summary && tags.length === 1, `${method} ${path}`)
        t.ok(responses.default?.content['application/problem+json'].schema.properties.code, 'a problem')
        for (const [status, { content, description }] of Object.entries<any>(responses)) {
          if (status !== '204') t.ok(Object.values<any>(content).every(({ schema }) => schema.type), `${method} ${path} ${status} ${description}`)
        }
      }
    }
  }
  t.equal(ids.size, calls)
  t.ok(calls >= 25, `${calls} calls`)
})
