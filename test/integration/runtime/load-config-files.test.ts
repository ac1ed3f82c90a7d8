import { join } from 'node:path'
import t from 'tap'
import { Type } from 'typebox'
import { loadConfig } from '../../../services/runtime/load-config.ts'

const Schema = Type.Object({ KEY: Type.String({ minLength: 10 }), PORT: Type.Integer({ default: 1 }) })

t.test('a setting may stand in a file, with or without a line end', async t => {
  const folder = t.testdir({ key: 'of a file, long enough\n', port: '9090' })
  t.match(loadConfig(Schema, { KEY_FILE: join(folder, 'key'), PORT_FILE: join(folder, 'port') }), { KEY: 'of a file, long enough', PORT: 9090 })
})

t.test('a file that cannot be read is named with the reason, beside all other mistakes', async t => {
  const folder = t.testdir({})
  t.throws(() => loadConfig(Schema, { KEY_FILE: join(folder, 'nowhere'), PORT: 'x' }), { message: /KEY_FILE names a file that cannot be read: ENOENT\n {2}- PORT must be integer/ })
  t.throws(() => loadConfig(Schema, { KEY_FILE: folder }), { message: /KEY_FILE names a file that cannot be read: EISDIR/ })
})

t.test('what a file holds is held to the schema, and not repeated', async t => {
  const folder = t.testdir({ key: 'hunter2' })
  try {
    loadConfig(Schema, { KEY_FILE: join(folder, 'key') })
    t.fail('too short a key was taken')
  } catch (error) {
    t.match((error as Error).message, /KEY must NOT have fewer than 10 characters/)
    t.notMatch((error as Error).message, /hunter2/)
  }
})
