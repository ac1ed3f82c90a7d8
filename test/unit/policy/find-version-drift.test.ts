import t from 'tap'
import { newDesired } from '../../../services/domain/node.ts'
import type { NodeFacts, ObservedNode } from '../../../services/domain/node.ts'
import { findVersionDrift } from '../../../services/policy/find-version-drift.ts'

const node = (id: string, coturnVersion: string | null): NodeFacts => ({ id, desired: newDesired('0123456789abcdef'), observed: { coturnVersion } as ObservedNode })

t.test('who runs another version than most has drifted', async t => {
  t.same(findVersionDrift([node('a', '4.17.1'), node('b', '4.6.1'), node('c', '4.17.1')]), { version: '4.17.1', drifted: ['b'] })
})

t.test('of two that are as common the newer one is what the fleet should be, number by number', async t => {
  t.same(findVersionDrift([node('a', '4.6.1'), node('b', '4.17.0')]), { version: '4.17.0', drifted: ['a'] })
})

t.test('who says nothing has not drifted', async t => {
  t.same(findVersionDrift([node('a', null), node('b', '4.17.0'), { id: 'c', desired: newDesired('0123456789abcdef'), observed: null }]), { version: '4.17.0', drifted: [] })
  t.same(findVersionDrift([]), { version: undefined, drifted: [] })
})
