import type { Test } from 'tap'
import { testCertificates } from './certificates.ts'
import { testClient } from './client.ts'
import { testLimits } from './limits.ts'
import { testNames } from './names.ts'
import { testUsers } from './users.ts'
import { testWays } from './ways.ts'

/** All that a probe of one URL has to see at a real coturn: at the one of this machine, or at another. */
export function testProbes (t: Test, turnserver?: string): void {
  t.test('the client', async t => { await testClient(t, turnserver) })
  t.test('the relay’s users', async t => { await testUsers(t, turnserver) })
  t.test('the relay’s limits', async t => { await testLimits(t, turnserver) })
  t.test('the relay’s certificate', async t => { await testCertificates(t, turnserver) })
  t.test('the relay’s address', async t => { await testNames(t, turnserver) })
  t.test('the way to the relay', async t => { await testWays(t, turnserver) })
}
