import t from 'tap'
import { NO_RELAY_CAPS } from '../../../services/domain/app.ts'
import type { RelayCaps } from '../../../services/domain/app.ts'
import { reservation, sumOpen } from '../../../services/domain/relay-use.ts'
import type { RelayUse } from '../../../services/domain/relay-use.ts'
import { checkCaps, hasCaps, hasSessionCap } from '../../../services/policy/check-caps.ts'

const NOW_MS = Date.UTC(2026, 10, 30, 23, 59)
const check = (caps: Partial<RelayCaps>, { reserved = [], own = [], open = new Map(), ...use }: Partial<Omit<RelayUse, 'reserved'>> & { reserved?: string[], own?: string[] }, sessionsKnown = true, nowMs = NOW_MS) =>
  checkCaps({ ...NO_RELAY_CAPS, ...caps }, { month: '202611', bytes: 0, spentUsers: new Set(), open, openOf: sumOpen(open), reserved: new Set(reserved), ...use }, own, 'ada', sessionsKnown, nowMs)

t.test('which apps have caps', async t => {
  t.notOk(hasCaps(NO_RELAY_CAPS))
  t.ok(hasCaps({ ...NO_RELAY_CAPS, userGigabytesPerMonth: 1 }))
  t.notOk(hasSessionCap({ ...NO_RELAY_CAPS, userGigabytesPerMonth: 1 }))
  t.ok(hasSessionCap({ ...NO_RELAY_CAPS, userSessions: 1 }))
})

t.test('bytes of the app: refused from the cap on, until the month is over', async t => {
  t.equal(check({ appGigabytesPerMonth: 1 }, { bytes: 999_999_999 }), undefined)
  t.match(check({ appGigabytesPerMonth: 1 }, { bytes: 1_000_000_000 }), { detail: /1 GB/, retryAfterSeconds: 60 })
  t.equal(check({ appGigabytesPerMonth: 1 }, { bytes: 1e12 }, true, NOW_MS + 60_000), undefined, 'what was read last month says nothing of this one')
})

t.test('bytes of a user', async t => {
  t.match(check({ userGigabytesPerMonth: 2 }, { spentUsers: new Set(['ada']) }), { detail: /this user/ })
  t.equal(check({ userGigabytesPerMonth: 2 }, { spentUsers: new Set(['bob']) }), undefined)
})

t.test('sessions: those open and those a credential holds a place for, not both for one credential', async t => {
  const place = (credential: string, issue: string) => reservation(credential, issue)
  t.equal(check({ appSessions: 2 }, { open: new Map([['bob:1', 1]]) }), undefined)
  t.match(check({ appSessions: 2 }, { open: new Map([['bob:1', 2]]) }), { detail: /2 of 2/, retryAfterSeconds: 10 })
  t.match(check({ appSessions: 2 }, { open: new Map([['bob:1', 1]]), reserved: [place('eve:1', 'a1')] }), { detail: /2 of 2/ })
  t.equal(check({ appSessions: 2 }, { open: new Map([['bob:1', 1]]), reserved: [place('bob:1', 'a1')] }), undefined, 'the session the place was for')
  t.match(check({ appSessions: 2 }, { reserved: [place('bob:1', 'a1'), place('bob:1', 'a2')] }), { detail: /2 of 2/ }, 'one credential issued twice')
  t.equal(check({ appSessions: 2 }, { reserved: [place('bob:1', 'a1')], own: [place('bob:1', 'a1')] }), undefined, 'a place of our own that the others know of is one')
  t.match(check({ appSessions: 2 }, { reserved: [place('bob:1', 'a1')], own: [place('bob:1', 'a1'), place('eve:1', 'a2')] }), { detail: /2 of 2/ }, 'and one they do not know of counts as well')
})

t.test('sessions of one user, whatever the others do', async t => {
  const open = new Map([['ada:1', 1], ['ada:2', 1], ['adam:1', 7]])
  t.match(check({ userSessions: 2 }, { open }), { detail: /this user has 2 of 2/ })
  t.equal(check({ userSessions: 3 }, { open }), undefined)
})

t.test('in an outage sessions are not judged, bytes are', async t => {
  t.equal(check({ appSessions: 1 }, { open: new Map([['bob:1', 5]]) }, false), undefined)
  t.ok(check({ appSessions: 1, appGigabytesPerMonth: 1 }, { bytes: 2e9 }, false))
})
