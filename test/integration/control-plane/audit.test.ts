import t from 'tap'
import { startControlPlane } from '../../helpers/control-plane.ts'

const door = await startControlPlane(t)
const redis = await door.redis.connect()

const entries = async () => (await door.admin('GET', '/audit?limit=9999&from=1')).body.entries
const verify = async () => (await door.admin('GET', '/audit/verify')).body
/** What these calls leave behind. */
async function left (...calls: Array<() => Promise<unknown>>): Promise<any[]> {
  const before = (await entries()).length
  for (const call of calls) await call()
  return (await entries()).slice(before)
}

t.test('before anything was changed there is a chain of nothing, and it is whole', async t => {
  t.same(await verify(), { intact: true, entries: 0, brokenAt: null, head: { sequence: 0, hash: '' } })
  t.same(await entries(), [])
})

t.test('every change leaves one entry: who, what, before and after', async t => {
  const app = (await door.admin('POST', '/apps', { id: 'shop', name: 'Shop' })).body
  const key = (await door.admin('POST', '/apps/shop/keys', { kind: 'publishable' })).body
  const token = (await door.admin('POST', '/tokens', { name: 'olga', role: 'operate' })).body
  const changed = (await door.admin('PATCH', '/apps/shop', { maxTtlSeconds: 60, requestsPerMinute: { user: 5 } }, token.token)).body
  await door.admin('DELETE', `/apps/shop/keys/${key.id}`, undefined, token.token)
  await door.admin('PUT', '/nodes/eu-1')
  await door.admin('DELETE', '/users/0123456789abcdef01234567')
  await door.admin('DELETE', '/tokens/olga')
  await door.admin('DELETE', '/apps/shop')

  const root = { actor: 'root', role: 'admin' }
  const olga = { actor: 'olga', role: 'operate' }
  const { token: _, ...keptToken } = token
  const { key: __, ...keptKey } = key
  const told = (await entries()).map(({ sequence, at, previous, hash, ...what }: any) => what)
  t.same(told, [
    { ...root, action: 'app.create', target: 'shop', before: null, after: app },
    { ...root, action: 'key.create', target: `shop/${key.id}`, before: null, after: keptKey },
    { ...root, action: 'token.create', target: 'olga', before: null, after: keptToken },
    { ...olga, action: 'app.change', target: 'shop', before: app, after: changed },
    { ...olga, action: 'key.revoke', target: `shop/${key.id}`, before: keptKey, after: null },
    { ...root, action: 'node.register', target: 'eu-1', before: null, after: (await door.admin('GET', '/nodes')).body.nodes[0].desired },
    { ...root, action: 'user.erase', target: told[6].target, before: null, after: null },
    { ...root, action: 'token.revoke', target: 'olga', before: keptToken, after: null },
    { ...root, action: 'app.delete', target: 'shop', before: { ...changed, keys: [] }, after: null }
  ])
  t.match(told[6].target, /^user [0-9a-f]{16}$/, 'an erased user is not named')
  t.notMatch(JSON.stringify(told), '0123456789abcdef01234567')
  t.match(await verify(), { intact: true, entries: 9, brokenAt: null, head: { sequence: 9 } })
  t.same((await entries()).map(({ sequence }: any) => sequence), [1, 2, 3, 4, 5, 6, 7, 8, 9])
})

t.test('an app that is deleted takes its keys along, in one entry that names them', async t => {
  await door.admin('POST', '/apps', { id: 'keyed' })
  const { body: { id } } = await door.admin('POST', '/apps/keyed/keys')
  t.match(await left(async () => await door.admin('DELETE', '/apps/keyed')), [{ action: 'app.delete', before: { id: 'keyed', keys: [id] }, after: null }])
})

t.test('reading, and what is refused or changes nothing, leaves no entry', async t => {
  const { body: { token } } = await door.admin('POST', '/tokens', { name: 'reader', role: 'read' })
  const reads = ['/apps', '/apps/none', '/apps/none/keys', '/nodes', '/usage', '/sessions', '/decisions', '/audit', '/audit/verify', '/tokens']
  t.same(await left(...reads.map(path => async () => await door.admin('GET', path))), [])
  t.same(await left(
    async () => await door.admin('POST', '/apps', { id: 'x' }),
    async () => await door.admin('POST', '/apps', { id: 'reading' }, token),
    async () => await door.admin('POST', '/apps', { id: 'stranger' }, 'at_wrong'),
    async () => await door.admin('PATCH', '/apps/none', { suspended: true }),
    async () => await door.admin('DELETE', '/apps/none/keys/0123456789abcdef'),
    async () => await door.admin('POST', '/tokens', { name: 'reader', role: 'admin' }),
    async () => await door.admin('PUT', '/nodes/eu-1')
  ), [])
})

t.test('changes made at the same time all land, each with its entry', async t => {
  const { body: { token } } = await door.admin('POST', '/tokens', { name: 'busy', role: 'operate' })
  const made = await left(async () => {
    const answers = await Promise.all([
      ...Array.from({ length: 20 }, async (_, index) => await door.admin('POST', '/apps', { id: `app-${index}` }, token)),
      ...Array.from({ length: 20 }, async () => await door.admin('POST', '/apps', { id: 'wanted' }, token))
    ])
    t.equal(answers.filter(({ status }) => status === 201).length, 21)
    t.same([...new Set(answers.filter(({ status }) => status !== 201).map(({ body }) => body.code))], ['app_exists'], 'and of those that want the same, one gets it')
  })
  t.equal(made.length, 21)
  t.equal(new Set(made.map(({ target }) => target)).size, 21)
  t.equal((await verify()).intact, true)

  await door.admin('POST', '/apps', { id: 'counted', maxTtlSeconds: 1 })
  const steps = await left(async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, async (_, index) => await door.admin('PATCH', '/apps/counted', { maxTtlSeconds: 100 + index })))
    t.ok(answers.every(({ status }) => status === 200))
  })
  t.ok(steps.every(({ before }, index) => before.maxTtlSeconds === (steps[index - 1]?.after.maxTtlSeconds ?? 1)), 'each is made on what the one before it left')
})

t.test('two replicas that change at the same time answer with what they did, or that they did not', async t => {
  const other = await startControlPlane(t, { redis: door.redis })
  const made = await left(async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, async (_, index) => await (index % 2 ? door : other).admin('POST', '/apps', { id: `pair-${index}` })))
    const landed = answers.filter(({ status }) => status === 201).length
    t.ok(answers.every(({ status, body }) => status === 201 || (status === 503 && body.code === 'too_many_changes')), `${landed} of 40 landed`)
    const { body: { apps } } = await door.admin('GET', '/apps')
    t.equal(apps.filter(({ id }: { id: string }) => id.startsWith('pair-')).length, landed)
  })
  t.ok(made.length > 0)
  t.equal(made.length, (await door.admin('GET', '/apps')).body.apps.filter(({ id }: { id: string }) => id.startsWith('pair-')).length)
  t.equal((await verify()).intact, true)
})

t.test('the last entries, or those from a number on', async t => {
  const all = await entries()
  t.same((await door.admin('GET', '/audit?limit=3')).body.entries, all.slice(-3))
  t.same((await door.admin('GET', '/audit?from=2&limit=2')).body.entries, all.slice(1, 3))
  t.same((await door.admin('GET', `/audit?from=${all.length + 1}`)).body.entries, [])
  t.same((await door.admin('GET', '/audit?from=999999999999999')).body.entries, [])
  t.equal((await door.admin('GET', '/audit')).body.head.sequence, all.length)
})

/** `brokenAt` of a negative number is counted from behind the last entry. */
const tampering: Array<[what: string, brokenAt: number, tamper: (kept: readonly string[]) => string[], head?: (head: string) => string]> = [
  ['a changed entry', 5, kept => kept.with(4, (kept[4] ?? '').replace('olga', 'otto'))],
  ['the first entry changed', 1, kept => kept.with(0, (kept[0] ?? '').replace('root', 'toor'))],
  ['the last entry changed', -1, kept => kept.with(-1, (kept.at(-1) ?? '').replace('"at":"2', '"at":"3'))],
  ['a removed entry', 5, kept => kept.toSpliced(4, 1)],
  ['the first ones removed', 1, kept => kept.slice(3)],
  ['an entry put in', 6, kept => kept.toSpliced(4, 0, kept[4] ?? '')],
  ['two entries that changed places', 5, kept => kept.with(4, kept[5] ?? '').with(5, kept[4] ?? '')],
  ['the end cut off', 11, kept => kept.slice(0, 10)],
  ['all of it gone', 1, () => []],
  ['an entry put behind the last', 0, kept => [...kept, kept.at(-1) ?? '']],
  ['an entry cut short', 5, kept => kept.with(4, (kept[4] ?? '').slice(0, 50))],
  ['an entry that is null', 5, kept => kept.with(4, 'null')],
  ['an entry of the wrong types', 5, kept => kept.with(4, '{"sequence":"five"}')],
  ['another head', 0, kept => [...kept], head => head.replace(/.$/, last => last === '0' ? '1' : '0')],
  ['a head that is no head', 1, kept => [...kept], () => 'nonsense'],
  ['a head of before', 11, kept => [...kept], () => `10:${'0'.repeat(64)}`]
]
t.test('whoever changes the list by hand is found', async t => {
  const kept = await redis.lrange('audit', 0, -1)
  const head = await redis.get('audit:head') ?? ''
  const put = async (list: readonly string[], head: string) => {
    const writing = redis.multi().del('audit').set('audit:head', head)
    if (list.length > 0) writing.rpush('audit', ...list)
    await writing.exec()
  }
  for (const [what, brokenAt, tamper, forge = (head: string) => head] of tampering) {
    await put(tamper(kept), forge(head))
    t.match(await verify(), { intact: false, brokenAt: brokenAt > 0 ? brokenAt : kept.length + 1 + brokenAt }, what)
    t.equal((await door.admin('GET', '/audit?limit=9999')).status, 200, `${what}: and it can still be read`)
  }
  await put(kept, head)
  t.match(await verify(), { intact: true, entries: kept.length, brokenAt: null })
})

t.test('a chain beyond a page is checked whole', async t => {
  for (let round = 0; round < 12; round++) await Promise.all(Array.from({ length: 100 }, async () => await door.admin('PATCH', '/apps/counted', { name: `round ${round}` })))
  const said = await verify()
  t.match(said, { intact: true, brokenAt: null })
  t.ok(said.entries > 1_200 && said.entries === said.head.sequence, `${said.entries} entries`)
  const late = await redis.lindex('audit', 1_150) ?? ''
  await redis.lset('audit', 1_150, late.replace('"role":"admin"', '"role":"read"'))
  t.match(await verify(), { intact: false, brokenAt: 1_151, entries: 1_150 })
  await redis.lset('audit', 1_150, late)
  t.equal((await verify()).intact, true)
})
