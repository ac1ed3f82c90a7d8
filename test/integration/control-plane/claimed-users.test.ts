import t from 'tap'
import { startControlPlane } from '../../helpers/control-plane.ts'
import { tagOf } from '../../helpers/counts.ts'

const ORIGIN = 'https://shop.example'
const door = await startControlPlane(t)
await door.addNode('eu-1')
const secret = await door.createApp('shop', { allowedOrigins: [ORIGIN], requestsPerMinute: { user: 40 } })
const publishable = await door.createKey('shop', 'publishable')
const claim = async (user: string) => await door.issue(publishable, { user }, { origin: ORIGIN })

t.test('who names a user with a publishable key is not that user, and cannot use up what is theirs', async t => {
  const [ada, claimed, again] = await Promise.all([door.issue(secret, { user: 'ada' }), claim('ada'), claim('ada')])
  t.not(tagOf(claimed.body.username), tagOf(ada.body.username))
  t.equal(tagOf(again.body.username), tagOf(claimed.body.username), 'the same claim is one user all the same')
  const statuses = await Promise.all(Array.from({ length: 60 }, async () => (await claim('ada')).status))
  t.ok(statuses.includes(429), 'the claim has its own limit')
  t.equal((await door.issue(secret, { user: 'ada' })).status, 201, 'and ada hers')
})
