import fc from 'fast-check'
import t from 'tap'
import { noTraffic } from '../../../services/domain/session.ts'
import { findLost, foldEvent } from '../../../services/relay-agent/fold-usage.ts'
import type { Folded } from '../../../services/relay-agent/fold-usage.ts'
import type { FoldedSession } from '../../../services/store/agent-state.ts'

const REALM = 'eu-1.turn.example.org'
const ALICE = '1795346720:alice'
const FIRST = '001000000000000001'
const NEW = 'new lifetime=600, type=UDP, local=127.0.0.1:33478, remote=127.0.0.1:46518, ssl=NONE, cipher=NONE'
const counters = (packetsIn: number, bytesIn: number, packetsOut: number, bytesOut: number) => `rcvp=${packetsIn}, rcvb=${bytesIn}, sentp=${packetsOut}, sentb=${bytesOut}`

const on = (event: string, { realm = REALM, username = ALICE, allocation = FIRST } = {}) => `turn/realm/${realm}/user/${username}/allocation/${allocation}/${event}`
const session = (differs: Partial<FoldedSession> = {}): FoldedSession => ({ ...noTraffic(), username: ALICE, startedAtMs: 1_000, atMs: 1_000, ...differs })
const knowing = (known: FoldedSession) => new Map([[FIRST, known]])
const nobody = new Map<string, FoldedSession>()
const fold = (sessions: ReadonlyMap<string, FoldedSession>, channel: string, message: string): Folded => foldEvent(sessions, REALM, { channel, message }, 5_000)

t.test('new opens a session', async t => {
  t.same(fold(nobody, on('status'), NEW), { kind: 'session', allocation: FIRST, session: session({ startedAtMs: 5_000, atMs: 5_000 }), state: 'open', deltaBytes: 0 })
})

t.test('refreshed keeps what is known, is a sign of life, and vouches for a session whose new was missed', async t => {
  const known = session({ bytesIn: 7 })
  t.match(fold(knowing(known), on('status'), 'refreshed lifetime=0, type=UDP'), { state: 'open', session: { bytesIn: 7, startedAtMs: 1_000, atMs: 5_000 } })
  t.match(fold(nobody, on('status'), 'refreshed lifetime=600, type=UDP'), { kind: 'session', state: 'open', session: { startedAtMs: 5_000 } })
})

t.test('a delta adds to a known session: what the server received came from the client', async t => {
  const known = session({ packetsIn: 1, bytesIn: 10, packetsOut: 2, bytesOut: 20 })
  t.same(fold(knowing(known), on('traffic'), counters(16, 1_624, 15, 1_528)), {
    kind: 'session', allocation: FIRST, session: session({ atMs: 5_000, packetsIn: 17, bytesIn: 1_634, packetsOut: 17, bytesOut: 1_548 }), state: 'open', deltaBytes: 3_152
  })
  t.same(known, session({ packetsIn: 1, bytesIn: 10, packetsOut: 2, bytesOut: 20 }), 'the old standing is left as it was')
})

t.test('traffic under a name that coturn has not vouched for makes no session, before new or under another name', async t => {
  t.same(fold(nobody, on('traffic'), counters(1, 1_669_676, 1, 1)), { kind: 'unproven' })
  t.same(fold(knowing(session()), on('traffic', { username: '1795346720:mallory' }), counters(1, 1, 1, 1)), { kind: 'unproven' })
  t.same(fold(knowing(session()), on('status', { username: '' }), 'deleted'), { kind: 'nothing' })
})

t.test('an allocation held under a wrong name is replaced by what coturn says of an authenticated one', async t => {
  const bob = '1795346720:bob'
  const stale = session({ bytesIn: 7 })
  t.match(fold(knowing(stale), on('status', { username: bob }), NEW), { kind: 'session', state: 'open', session: { username: bob, bytesIn: 0, startedAtMs: 5_000 } })
  t.match(fold(knowing(stale), on('total_traffic', { username: bob }), counters(1, 100, 1, 200)), { kind: 'session', state: 'closed', session: { username: bob, bytesIn: 100 } })
})

t.test('the total replaces the deltas, larger or smaller, and closes', async t => {
  const known = session({ packetsIn: 9, bytesIn: 900, packetsOut: 9, bytesOut: 900, deletedAtMs: 4_999 })
  t.same(fold(knowing(known), on('total_traffic'), counters(5, 500, 10, 5_000_000_000)), {
    kind: 'session', allocation: FIRST, session: session({ atMs: 5_000, packetsIn: 5, bytesIn: 500, packetsOut: 10, bytesOut: 5_000_000_000 }), state: 'closed', deltaBytes: 0
  })
})

t.test('a total of a session whose beginning was missed makes a closed one', async t => {
  t.match(fold(nobody, on('total_traffic'), counters(5, 500, 6, 600)), { kind: 'session', state: 'closed', session: { username: ALICE, startedAtMs: 5_000, bytesIn: 500, bytesOut: 600 } })
})

t.test('deleted leaves the session open until its total, and is nothing without a session', async t => {
  t.match(fold(knowing(session({ bytesIn: 7 })), on('status'), 'deleted'), { state: 'open', session: { bytesIn: 7, deletedAtMs: 5_000 } })
  t.same(fold(nobody, on('status'), 'deleted'), { kind: 'nothing' })
})

t.test('launch speaks on its own channels', async t => {
  t.same(fold(nobody, 'spillway:boot', 'boot-7'), { kind: 'boot', boot: 'boot-7' })
  t.same(fold(nobody, 'spillway:stopping', 'boot-7'), { kind: 'stopping', boot: 'boot-7' })
})

t.test('all else means nothing: peer counters, other realms, other words, other channels', async t => {
  const known = knowing(session())
  const others: Array<[string, string]> = [
    [on('traffic/peer'), counters(1, 1, 1, 1)], [on('total_traffic/peer'), counters(1, 1, 1, 1)],
    [on('traffic', { realm: 'us-1.turn.example.org' }), counters(1, 1, 1, 1)], [on('total_traffic', { realm: 'eu-1.turn.example.org.evil' }), counters(1, 1, 1, 1)],
    [on('status'), 'reborn'], [on('status'), ''], [on('traffic'), 'rcvp=1, rcvb=1'], [on('traffic'), 'rcvp=-1, rcvb=1, sentp=1, sentb=1'], [on('total_traffic'), `${counters(1, 1, 1, 1)}, more=1`],
    [on('status', { allocation: '1' }), NEW], [on('status', { allocation: '0010000000000000012' }), NEW], [on('elsewhere'), NEW],
    ['turn/user/alice/allocation/001000000000000001/status', NEW], ['__XXX__', '__YYY__'], ['spillway:elsewhere', 'x'], ['', '']
  ]
  for (const [channel, message] of others) t.same(fold(known, channel, message), { kind: 'nothing' }, `${channel} ${message}`)
})

t.test('a username may hold anything, even what looks like the rest of a channel', async t => {
  const odd = ['', 'a/b', '/', '1:a:b', `x/allocation/${FIRST}/status`, `/allocation/999999999999999999/total_traffic/user/x/allocation/${FIRST}`, 'a\nb', '%s%n', '*', '🙂']
  for (const username of odd) {
    t.match(fold(nobody, on('status', { username }), NEW), { kind: 'session', allocation: FIRST, session: { username } }, JSON.stringify(username))
  }
  fc.assert(fc.property(fc.string({ unit: 'binary' }), username => {
    const folded = fold(nobody, on('status', { username }), NEW)
    return folded.kind === 'session' && folded.session.username === username && folded.allocation === FIRST
  }))
})

t.test('a deleted session whose total does not come within ten seconds of hearing is lost', async t => {
  const sessions = knowing(session({ atMs: 100_000, deletedAtMs: 100_000 }))
  t.same(findLost(sessions, 0, 110_000), [])
  t.same(findLost(sessions, 0, 110_001), [FIRST])
  t.same(findLost(sessions, 105_000, 115_000), [], 'the time in which nothing could be heard does not count')
  t.same(findLost(sessions, 105_000, 115_001), [FIRST])
})

t.test('a session silent for twice the longest lifetime is lost', async t => {
  const sessions = knowing(session({ atMs: 100_000 }))
  t.same(findLost(sessions, 0, 1_900_000), [])
  t.same(findLost(sessions, 0, 1_900_001), [FIRST])
  t.same(findLost(sessions, 200_000, 2_000_000), [])
  t.same(findLost(sessions, 200_000, 2_000_001), [FIRST])
  t.same(findLost(nobody, 0, Number.MAX_SAFE_INTEGER), [])
})

t.test('however the events of many sessions mix, with strangers between them: while open their deltas, in the end exactly their totals', async t => {
  const delta = fc.record({ which: fc.nat(5), packetsIn: fc.nat(4_096), bytesIn: fc.nat(5_000_000_000), packetsOut: fc.nat(4_096), bytesOut: fc.nat(5_000_000_000), stranger: fc.boolean() })
  const total = fc.tuple(fc.nat(4_096), fc.nat(9_000_000_000), fc.nat(4_096), fc.nat(9_000_000_000))
  fc.assert(fc.property(fc.array(delta), fc.array(total, { minLength: 6, maxLength: 6 }), fc.nat(63), (deltas, totals, missedNews) => {
    const sessions = new Map<string, FoldedSession>()
    const closed = new Map<string, FoldedSession>()
    const name = (which: number) => ({ username: `1795346720:user/${which}`, allocation: `00000000000000000${which}` })
    const hear = (channel: string, message: string) => {
      const folded = fold(sessions, channel, message)
      if (folded.kind !== 'session') return
      if (folded.state === 'open') sessions.set(folded.allocation, folded.session)
      else {
        sessions.delete(folded.allocation)
        closed.set(folded.allocation, folded.session)
      }
    }
    const sums = totals.map(() => [0, 0, 0, 0] as [number, number, number, number])
    const missed = (which: number) => (missedNews >> which & 1) === 1
    for (const which of totals.keys()) if (!missed(which)) hear(on('status', name(which)), NEW)
    for (const { which, stranger, packetsIn, bytesIn, packetsOut, bytesOut } of deltas) {
      if (stranger) hear(on('traffic', { ...name(which), username: '1795346720:stranger' }), counters(packetsIn, bytesIn, packetsOut, bytesOut))
      hear(on('traffic', name(which)), counters(packetsIn, bytesIn, packetsOut, bytesOut))
      const sum = sums[which]
      if (sum) for (const [index, count] of [packetsIn, bytesIn, packetsOut, bytesOut].entries()) sum[index] = (sum[index] ?? 0) + count
    }
    const standing = (known: FoldedSession | undefined) => known && [known.packetsIn, known.bytesIn, known.packetsOut, known.bytesOut]
    for (const which of totals.keys()) t.strictSame(standing(sessions.get(name(which).allocation)), missed(which) ? undefined : sums[which])
    for (const [which, total] of totals.entries()) {
      hear(on('status', name(which)), 'deleted')
      hear(on('total_traffic', name(which)), counters(...total))
    }
    t.equal(sessions.size, 0)
    t.strictSame(totals.map((_, which) => standing(closed.get(name(which).allocation))), totals)
    return t.passing()
  }), { numRuns: 50 })
})
