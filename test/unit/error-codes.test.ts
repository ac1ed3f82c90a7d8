import { readFileSync } from 'node:fs'
import t from 'tap'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

/** A code stands behind its status, in a Problem or in the table of the framework's own errors. */
const inCode = [...read('services/control-plane/problems.ts').matchAll(/(?:new Problem\(\w+|\[\d{3}), '([a-z_]+)'/g)].map(([, code = '']) => code)
const [, list = ''] = /^Errors are [^]*? that stays the same:([^]*?)\n\n/m.exec(read('README.md')) ?? []
const inReadme = [...list.matchAll(/`([a-z_]+)`/g)].map(([, code = '']) => code)

t.test('README lists every error code there is, each once, and no other', async t => {
  t.ok(inCode.includes('unauthorized') && inCode.includes('uri_too_long') && inCode.includes('internal'), 'all three places were read')
  t.same(inReadme.sort(), [...new Set(inCode)].sort())
})
