import t from 'tap'
import { retryAfterMs } from '../../../services/upstream/http-call.ts'

t.test('Retry-After is seconds or a date, and anything else is not there', async t => {
  const now = Date.UTC(2026, 10, 24, 10)
  t.equal(retryAfterMs(null, now), undefined)
  t.equal(retryAfterMs('0', now), 0)
  t.equal(retryAfterMs('120', now), 120_000)
  t.equal(retryAfterMs('Tue, 24 Nov 2026 10:00:30 GMT', now), 30_000)
  t.equal(retryAfterMs('Tue, 24 Nov 2026 09:00:30 GMT', now), 0, 'over already')
  for (const text of ['', 'soon', '-1', '1.5', '99999999999']) t.ok([undefined, 0].includes(retryAfterMs(text, now)), text)
})
