import t from 'tap'
import { Type } from 'typebox'
import { ConfigError, loadConfig } from '../../../services/runtime/load-config.ts'
import type { Environment } from '../../../services/runtime/load-config.ts'

const Schema = Type.Object({
  KEY: Type.String({ minLength: 10, description: 'opens everything' }),
  URL: Type.String({ pattern: '^redis://' }),
  PORT: Type.Integer({ minimum: 1, maximum: 65535, default: 8080 }),
  NAME: Type.Optional(Type.String())
})
const good = { KEY: 'long enough', URL: 'redis://127.0.0.1' }

function problemsOf (environment: Environment): string {
  try {
    loadConfig(Schema, environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'no problem'
}

t.test('what is set is read, numbers as numbers, what is not set gets its default or is left out', async t => {
  t.strictSame({ ...loadConfig(Schema, { ...good, PORT: '9090' }) }, { ...good, PORT: 9090 })
  t.strictSame({ ...loadConfig(Schema, { ...good, NAME: 'x' }) }, { ...good, PORT: 8080, NAME: 'x' })
})

t.test('the rest of the environment is none of its business', async t => {
  t.notOk('HOME' in loadConfig(Schema, { ...good, HOME: '/root' }))
})

t.test('an empty value is as good as none', async t => {
  t.match(loadConfig(Schema, { ...good, PORT: '', NAME: '', NAME_FILE: '' }), { PORT: 8080 })
  t.match(problemsOf({ ...good, KEY: '' }), /KEY is not set \(opens everything\)/)
})

t.test('all mistakes are told at once, each with its name, and where to look', async t => {
  const message = problemsOf({ URL: 'http://elsewhere', PORT: '70000', NAME: 'x', NAME_FILE: '/y' })
  t.match(message, /KEY is not set \(opens everything\)/)
  t.match(message, /URL must match pattern/)
  t.match(message, /PORT must be <= 65535/)
  t.match(message, /NAME and NAME_FILE are both set/)
  t.match(message, /\.env\.example/)
  t.equal(message.split('\n  - ').length - 1, 4)
})

t.test('a value is never repeated: it may be a secret in the wrong place', async t => {
  const secret = 'sk_hunter2'
  for (const environment of [{ ...good, KEY: secret.slice(0, 9) }, { ...good, URL: secret }, { ...good, PORT: secret }]) {
    const message = problemsOf(environment)
    t.match(message, /must /)
    t.notMatch(message, secret.slice(0, 9))
  }
})
