import fc from 'fast-check'
import t from 'tap'
import type { ProbeFailure, UrlHealth, UrlProbe } from '../../../services/domain/health.ts'
import { judgeBinding, judgeHealth, reachesAnything } from '../../../services/policy/judge-health.ts'

const URL = 'turn:a.example.org:3478?transport=udp'
const QUOTA: ProbeFailure = { stage: 'allocate', cause: 'quota', code: 486 }
const probe = (failure: ProbeFailure | null, answered = true): UrlProbe =>
  ({ url: URL, failure, answered, bindingMs: null, allocateMs: null, relayMs: null, packetsSent: 0, packetsReceived: 0, certificateExpiresAtMs: null })
/** What is held after these probes, one letter each: g is good, b bad. */
const after = (letters: string): UrlHealth | undefined =>
  [...letters].reduce<UrlHealth | undefined>((previous, letter) => judgeHealth(previous, probe(letter === 'g' ? null : QUOTA)), undefined)

t.test('quick to condemn, slow to forgive', async t => {
  for (const [letters, state] of [
    ['g', 'good'], ['b', 'unknown'], ['bb', 'bad'], ['bg', 'good'], ['bgb', 'good'],
    ['gb', 'good'], ['gbb', 'bad'], ['gbgb', 'good'], ['gbgbb', 'bad'],
    ['gbbg', 'bad'], ['gbbgg', 'bad'], ['gbbggg', 'good'], ['gbbggbggg', 'good'], ['gbbggbgg', 'bad'], ['gbbgggb', 'good'],
    ['bbbg', 'good'], ['bbgb', 'good'], ['bbgbb', 'bad'], ['bbgbbgg', 'bad'], ['bbgbbggg', 'good']
  ] as const) t.equal(after(letters)?.state, state, letters)
})

t.test('it tells why for as long as it is not good', async t => {
  t.equal(after('b')?.failure?.cause, 'quota', 'of one that is unknown')
  t.equal(after('gbbg')?.failure?.cause, 'quota', 'of one that is on its way back')
  t.equal(after('gbbggg')?.failure, null)
  t.equal(after('gb')?.failure, null, 'a single lapse is no state')
  t.equal(after('gb')?.last.failure, QUOTA, 'but it is the last probe')
  const TIMEOUT: ProbeFailure = { stage: 'binding', cause: 'timeout', code: null }
  t.equal(judgeHealth(after('bb'), probe(TIMEOUT)).failure, TIMEOUT, 'the newest failure')
})

t.test('Binding alone takes back what it can see, makes nobody good, and counts no lapse from before', async t => {
  const held = (failure: ProbeFailure, bindings: number) => {
    let health: UrlHealth | undefined = [1, 2].reduce<UrlHealth | undefined>(previous => judgeHealth(previous, probe(failure)), undefined)
    for (let count = 0; count < bindings; count++) health = judgeBinding(health, probe(null))
    return health
  }
  for (const stage of ['resolve', 'connect', 'tls', 'binding'] as const) {
    t.same([2, 3, 9].map(bindings => held({ stage, cause: 'timeout', code: null }, bindings)?.state), ['bad', 'unknown', 'unknown'], stage)
    t.equal(judgeHealth(held({ stage, cause: 'timeout', code: null }, 3), probe(null)).state, 'good', `${stage}: one allocation is enough then`)
  }
  for (const stage of ['allocate', 'permission', 'relay'] as const) t.match(held({ stage, cause: 'timeout', code: null }, 9), { state: 'bad', goodInARow: 0, badInARow: 0 }, stage)
  t.equal(judgeBinding(undefined, probe(null)), undefined)
  t.match(judgeBinding(after('gb'), probe(null)), { state: 'good', badInARow: 0 })
  t.equal(judgeBinding(judgeBinding(after('gb'), probe(null)), probe(QUOTA))?.state, 'good', 'a loss, and another later')
  t.equal(judgeBinding(after('gb'), probe(QUOTA))?.state, 'bad', 'two in a row')
})

t.test('whatever the probes: bad exactly behind two bad ones, until three good ones in a row, or one where none was before', async t => {
  fc.assert(fc.property(fc.array(fc.constantFrom('g', 'b'), { minLength: 1, maxLength: 40 }), list => {
    const letters = list.join('')
    const condemned = letters.lastIndexOf('bb')
    const healing = letters.slice(0, Math.max(0, condemned)).includes('g') ? 'ggg' : 'g'
    const isBad = condemned >= 0 && !letters.slice(condemned + 2).includes(healing)
    const held = after(letters)
    return (held?.state === 'bad') === isBad && (held?.goodInARow === 0) !== (held?.badInARow === 0)
  }))
})

t.test('a vantage point reaches something if anything answered in its last round, be it with an error', async t => {
  t.equal(reachesAnything([probe(QUOTA, false), probe(QUOTA, true)]), true)
  t.equal(reachesAnything([probe(QUOTA, false), probe(QUOTA, false)]), false)
  t.equal(reachesAnything([]), false, 'nor who has asked nothing')
})
