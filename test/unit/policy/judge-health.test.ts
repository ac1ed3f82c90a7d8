import fc from 'fast-check'
import t from 'tap'
import type { ProbeFailure, UrlHealth, UrlProbe } from '../../../services/domain/health.ts'
import { judgeHealth, reachesAnything } from '../../../services/policy/judge-health.ts'

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
    ['bbg', 'bad'], ['bbgg', 'bad'], ['bbggg', 'good'], ['bbggbggg', 'good'], ['bbggbgg', 'bad'], ['bbgggb', 'good']
  ] as const) t.equal(after(letters)?.state, state, letters)
})

t.test('it tells why for as long as it is not good', async t => {
  t.equal(after('b')?.failure?.cause, 'quota', 'of one that is unknown')
  t.equal(after('bbg')?.failure?.cause, 'quota', 'of one that is on its way back')
  t.equal(after('bbggg')?.failure, null)
  t.equal(after('gb')?.failure, null, 'a single lapse is no state')
  t.equal(after('gb')?.last.failure, QUOTA, 'but it is the last probe')
  const TIMEOUT: ProbeFailure = { stage: 'binding', cause: 'timeout', code: null }
  t.equal(judgeHealth(after('bb'), probe(TIMEOUT)).failure, TIMEOUT, 'the newest failure')
})

t.test('whatever the probes: bad exactly behind two bad ones, until three good ones in a row', async t => {
  fc.assert(fc.property(fc.array(fc.constantFrom('g', 'b'), { minLength: 1, maxLength: 40 }), list => {
    const letters = list.join('')
    const condemned = letters.lastIndexOf('bb')
    const isBad = condemned >= 0 && !letters.slice(condemned + 2).includes('ggg')
    const held = after(letters)
    return (held?.state === 'bad') === isBad && (held?.goodInARow === 0) !== (held?.badInARow === 0)
  }))
})

t.test('a vantage point reaches something if anything answered in its last round, be it with an error', async t => {
  t.equal(reachesAnything([probe(QUOTA, false), probe(QUOTA, true)]), true)
  t.equal(reachesAnything([probe(QUOTA, false), probe(QUOTA, false)]), false)
  t.equal(reachesAnything([]), false, 'nor who has asked nothing')
})
