import fc from 'fast-check'
import t from 'tap'
import { Compile } from 'typebox/compile'
import { KICK_MARGIN_MS, KICK_REFUSED_MS, MAX_KICKS } from '../../../services/domain/kick.ts'
import type { Kick } from '../../../services/domain/kick.ts'
import { DesiredNode, newDesired, showDesired } from '../../../services/domain/node.ts'
import { addKick, dropEndedKicks, findKicked, inheritKicks, kickedUsers, liftKick, refusedUntil, refusedUsers } from '../../../services/policy/kicks.ts'

const NOW_MS = 1_000_000
const tag = (number: number): string => number.toString(16).padStart(24, '0')
const user = (number: number, untilMs = NOW_MS + 60_000): Kick => ({ userTag: tag(number), untilMs })
const session = (number: number, boot = 'boot-1', untilMs = NOW_MS + 60_000): Kick => ({ boot, allocation: String(number).padStart(18, '0'), untilMs })
const desired = (...kicks: Kick[]): DesiredNode => ({ ...newDesired('0123456789abcdef'), ...kicks.length === 0 ? {} : { kicks } })
const node = (id: string, ...kicks: Kick[]) => ({ id, desired: desired(...kicks), observed: null })

t.test('a kick is added; another of the same user takes its place, though it ends sooner', async t => {
  t.same(addKick(desired(), user(1), NOW_MS)?.kicks, [user(1)])
  t.same(addKick(desired(user(1), user(2)), user(1, NOW_MS + 5), NOW_MS)?.kicks, [user(2), user(1, NOW_MS + 5)])
  t.same(addKick(desired(session(1), session(1, 'boot-2')), session(1), NOW_MS)?.kicks, [session(1, 'boot-2'), session(1)])
})

t.test('the list is bounded; what is over makes room', async t => {
  const full = Array.from({ length: MAX_KICKS }, (_, number) => user(number))
  t.equal(addKick(desired(...full), user(MAX_KICKS), NOW_MS), undefined)
  t.equal(addKick(desired(...full), user(7), NOW_MS)?.kicks?.length, MAX_KICKS, 'one that takes the place of another needs no room')
  const [, ...rest] = full
  t.equal(addKick(desired(user(0, NOW_MS - KICK_MARGIN_MS), ...rest), user(MAX_KICKS), NOW_MS)?.kicks?.length, MAX_KICKS)
})

t.test('lifted, or over, it leaves no trace', async t => {
  t.same(liftKick(desired(user(1)), tag(1)), desired())
  t.same(liftKick(desired(user(1), user(2), session(1)), tag(1)).kicks, [user(2), session(1)])
  t.same(liftKick(desired(user(1)), tag(2)), desired(user(1)), 'who is not kicked')
  t.equal(dropEndedKicks(desired(), NOW_MS), undefined)
  t.equal(dropEndedKicks(desired(user(1, NOW_MS)), NOW_MS), undefined, 'an agent that looks once a second hears of it, however short it is')
  t.same(dropEndedKicks(desired(user(1, NOW_MS)), NOW_MS + KICK_MARGIN_MS), desired())
  t.same(dropEndedKicks(desired(user(1, 1), session(1), session(2, 'boot-1', 1)), NOW_MS)?.kicks, [session(1)])
})

t.test('who is kept out anywhere is kept out everywhere, for the longest of it; a node that comes learns of it', async t => {
  const nodes = [node('a', user(1), session(3)), node('b', user(1, NOW_MS + 90_000), user(2)), node('c')]
  t.same([...kickedUsers(nodes) ?? []], [[tag(1), NOW_MS + 90_000], [tag(2), NOW_MS + 60_000]])
  t.same(inheritKicks(desired(), nodes).kicks, [user(1, NOW_MS + 90_000), user(2)])
  t.equal(kickedUsers([node('c'), node('d', session(1))]), undefined, 'nobody at all costs nothing')
  t.same(inheritKicks(desired(), []), desired())
})

t.test('who was kept out is refused for a moment more, unless the kick was lifted before its end', async t => {
  const before = new Map([[tag(1), NOW_MS], [tag(2), NOW_MS + 60_000]])
  const refused = (nowMs: number, ...kicks: Kick[]) => [...refusedUsers(before, [node('a', ...kicks)], nowMs) ?? []]
  t.same(refused(NOW_MS), [[tag(1), NOW_MS]], 'the other was lifted')
  t.same(refused(NOW_MS + KICK_REFUSED_MS - 1, user(3)), [[tag(1), NOW_MS], [tag(3), NOW_MS + 60_000]])
  t.same(refused(NOW_MS, user(1)), [[tag(1), NOW_MS + 60_000]], 'kept out anew')
  t.equal(refusedUsers(before, [node('a')], NOW_MS + KICK_REFUSED_MS), undefined)
  t.same([...refusedUsers(undefined, [node('a', user(1))], NOW_MS) ?? []], [[tag(1), NOW_MS + 60_000]])
  t.equal(refusedUsers(undefined, [], NOW_MS), undefined)
})

t.test('credentials are refused to the end and a moment beyond it', async t => {
  const kicked = new Map([[tag(1), NOW_MS]])
  t.equal(refusedUntil(kicked, tag(1), NOW_MS - 1), NOW_MS)
  t.equal(refusedUntil(kicked, tag(1), NOW_MS + KICK_REFUSED_MS - 1), NOW_MS)
  t.equal(refusedUntil(kicked, tag(1), NOW_MS + KICK_REFUSED_MS), undefined)
  t.equal(refusedUntil(kicked, tag(2), NOW_MS - 1), undefined)
  t.equal(refusedUntil(undefined, tag(1), NOW_MS), undefined)
})

t.test('sessions that are meant: by their user, or by number and life of coturn', async t => {
  const allocation = (number: number) => String(number).padStart(18, '0')
  const live = [{ allocation: allocation(1), userTag: tag(1) }, { allocation: allocation(2), userTag: tag(2) }, { allocation: allocation(3), userTag: undefined }, { allocation: allocation(4), userTag: tag(1) }]
  t.same(findKicked([user(1)], 'boot-1', live), [allocation(1), allocation(4)])
  t.same(findKicked([session(3), session(2, 'boot-2'), user(9)], 'boot-1', live), [allocation(3)])
  t.same(findKicked([user(1), session(1)], 'boot-1', live), [allocation(1), allocation(4)], 'once')
  t.same(findKicked([], 'boot-1', live), [])
})

t.test('whatever is kicked and lifted, the wish stays one that can be read, and is shown without any user', async t => {
  const check = Compile(DesiredNode)
  const kick = fc.oneof(fc.record({ number: fc.nat(5), untilMs: fc.integer({ min: 0, max: 2 * NOW_MS }) }).map(({ number, untilMs }) => user(number, untilMs)), fc.record({ number: fc.nat(5), boot: fc.constantFrom('boot-1', 'boot-2'), untilMs: fc.integer({ min: 0, max: 2 * NOW_MS }) }).map(({ number, boot, untilMs }) => session(number, boot, untilMs)))
  fc.assert(fc.property(fc.array(fc.oneof(kick, fc.nat(5)), { maxLength: 30 }), steps => {
    let wish = desired()
    for (const step of steps) wish = typeof step === 'number' ? liftKick(wish, tag(step)) : addKick(wish, step, NOW_MS) ?? wish
    const names = (wish.kicks ?? []).map(kick => JSON.stringify({ ...kick, untilMs: 0 }))
    return check.Check(JSON.parse(JSON.stringify(wish))) && new Set(names).size === names.length && !('kicks' in showDesired(wish))
  }))
})
