import t from 'tap'
import type { NodeHealth, ProbeFailure, UrlState } from '../../../services/domain/health.ts'
import { countVotes, hasVote, isGone, PROBER_GONE_AFTER_MS, PROBER_SILENT_AFTER_MS, watchProbers } from '../../../services/policy/count-votes.ts'
import { healthOf } from '../../helpers/node-facts.ts'

const [A, B] = ['turn:n:3478?transport=udp', 'turn:n:3478?transport=tcp']
const TIMEOUT: ProbeFailure = { stage: 'binding', cause: 'timeout', code: null }
const QUOTA: ProbeFailure = { stage: 'allocate', cause: 'quota', code: 486 }
const all = (states: Record<string, UrlState>, differs: Partial<NodeHealth> = {}) => healthOf(states, TIMEOUT, differs)
const vote = (said: Record<string, NodeHealth>, urls = [A, B]) => {
  const health = new Map(Object.entries(said))
  return countVotes(urls, health, watchProbers([], health, 0))
}
const statesOf = (said: Record<string, NodeHealth>, urls = [A, B]) => vote(said, urls).map(({ state }) => state)

t.test('a URL is bad when more than half of those that vote say so', async t => {
  t.same(statesOf({ p: all({ [A]: 'bad', [B]: 'good' }) }), ['bad', 'good'], 'one prober decides alone')
  t.same(statesOf({ p: all({ [A]: 'bad' }), q: all({ [A]: 'good' }) }, [A]), ['good'], 'half is not most')
  t.same(statesOf({ p: all({ [A]: 'bad' }), q: all({ [A]: 'good' }), r: all({ [A]: 'bad' }) }, [A]), ['bad'])
  t.same(statesOf({ p: all({ [A]: 'bad' }), q: all({ [A]: 'unknown' }) }, [A]), ['bad'], 'who does not know yet does not vote')
})

t.test('who reaches nothing, or has said nothing new for three intervals, has no vote', async t => {
  t.same(statesOf({ p: all({ [A]: 'bad' }, { reaches: false }) }, [A]), ['unknown'])
  t.same(statesOf({ p: all({ [A]: 'bad' }, { reaches: false }), q: all({ [A]: 'good' }) }, [A]), ['good'])
  const health = new Map([['p', all({ [A]: 'bad' })]])
  const first = watchProbers([], health, 0)
  const still = watchProbers(first, health, PROBER_SILENT_AFTER_MS)
  t.equal(countVotes([A], health, still)[0]?.state, 'bad', 'three intervals and no more')
  const silent = watchProbers(still, health, 1)
  t.equal(countVotes([A], health, silent)[0]?.state, 'unknown')
  t.notOk(silent.some(hasVote))
  t.ok(watchProbers(silent, new Map([['p', all({}, { beat: 1 })]]), 5_000).some(hasVote), 'a beat that moves, be it backwards, is a sign of life')
})

t.test('what is found with a node seen for the first time may be of any age: no vote before the beat moves', async t => {
  const said = (beat: number) => new Map([['p', all({ [A]: 'bad' }, { beat })]])
  const found = watchProbers(undefined, said(7), 0)
  t.equal(countVotes([A], said(7), found)[0]?.state, 'unknown')
  const still = watchProbers(found, said(7), 5_000)
  t.notOk(still.some(hasVote))
  const moved = watchProbers(still, said(8), 1_000)
  t.equal(countVotes([A], said(8), moved)[0]?.state, 'bad')
  t.ok(watchProbers(moved, said(8), 1_000).some(hasVote), 'and it stays heard')
  t.ok(watchProbers([], said(7), 0).some(hasVote), 'one that joins later has just spoken')
})

t.test('a prober is gone when it has been silent for an hour', async t => {
  t.notOk(isGone({ quietMs: PROBER_GONE_AFTER_MS }))
  t.ok(isGone({ quietMs: PROBER_GONE_AFTER_MS + 1 }))
})

t.test('URLs that are not advertised are ignored, those never probed are unknown', async t => {
  t.same(statesOf({ p: all({ 'turn:old:3478': 'bad', [A]: 'good' }) }), ['good', 'unknown'])
  t.same(statesOf({}), ['unknown', 'unknown'])
})

t.test('it tells who says so, of how many, and what most of them found', async t => {
  t.match(vote({
    c: healthOf({ [A]: 'bad' }, QUOTA), b: healthOf({ [A]: 'bad' }, TIMEOUT), a: healthOf({ [A]: 'bad' }, QUOTA), d: healthOf({ [A]: 'good' }, QUOTA)
  }, [A])[0], { against: ['a', 'b', 'c'], voters: 4, failure: QUOTA })
  t.match(vote({ b: healthOf({ [A]: 'bad' }, QUOTA), a: healthOf({ [A]: 'bad' }, TIMEOUT) }, [A])[0], { failure: TIMEOUT }, 'of as many the first by name')
})
