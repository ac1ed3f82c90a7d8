import fc from 'fast-check'
import t from 'tap'
import { Compile } from 'typebox/compile'
import { AppId } from '../../../services/domain/app.ts'

const appId = Compile(AppId)
const isAppId = (id: string): boolean => appId.Check(id)

t.test('an app id is 3 to 32 of a-z, 0-9 and -', async t => {
  for (const id of ['abc', 'a-1', '---', '007', 'x'.repeat(32), 'union', 'select', 'reunion', 'selected']) t.equal(isAppId(id), true, id)
  for (const id of ['', 'ab', 'x'.repeat(33), 'Shop', 'a.b', 'a_b', 'a b', 'a:b', 'äöü', 'abc\n', '_probe', 'a/b']) t.equal(isAppId(id), false, JSON.stringify(id))
})

t.test('an id with both words that coturn refuses in a username is none, in whatever order', async t => {
  for (const id of ['union-select', 'select-union', 'selectunion', 'xunionxselectx']) t.equal(isAppId(id), false, id)
  const filler = fc.stringMatching(/^[a-z0-9-]{0,6}$/)
  fc.assert(fc.property(filler, filler, filler, fc.boolean(), (a, b, c, turned) =>
    !isAppId(turned ? `${a}select${b}union${c}` : `${a}union${b}select${c}`)))
})
