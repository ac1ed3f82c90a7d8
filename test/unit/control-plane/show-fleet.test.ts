import t from 'tap'
import { degradedFleet, showNode } from '../../../services/control-plane/show-fleet.ts'
import { nodeView, snapshotOf } from '../../helpers/node-views.ts'

const notProbed = { reasons: [{ kind: 'not_probed' as const, silent: [], blind: [], unheard: [] }] }

t.test('what is away is named, and nothing where all is well', async t => {
  t.same(degradedFleet(snapshotOf([nodeView('a')])), {})
  t.same(degradedFleet(snapshotOf([])), {}, 'a fleet of none needs no prober')
  t.match(degradedFleet(snapshotOf([nodeView('a', { state: 'down' }), nodeView('b', { state: 'down' }), nodeView('c')])), { nodes: /down: a, b$/ })
  t.match(degradedFleet(snapshotOf([nodeView('a', notProbed), nodeView('b', { state: 'unknown', ...notProbed })])), { probers: /vote on a, b:/ })
  t.same(degradedFleet(snapshotOf([nodeView('a', { state: 'unready', ...notProbed }), nodeView('b', { state: 'draining', ...notProbed })])), {}, 'who shall not serve need not be probed')
  t.match(degradedFleet(snapshotOf([], { outageSinceMs: 1, outageReason: 'unreadable' })), { redis: /is away/ })
  t.match(degradedFleet(snapshotOf([], { outageSinceMs: 1, outageReason: 'emptied' })), { redis: /is gone/ })
})

t.test('a node is shown without what is of use to nobody else', async t => {
  t.match(showNode(nodeView('a', { quietMs: 4_600, probers: [{ name: 'p', beat: 1, quietMs: 5_400, isHeard: true, reaches: true }] })), { state: 'up', silentSeconds: 5, probers: [{ name: 'p', silentSeconds: 5, reaches: true }] })
  t.match(showNode(undefined), { state: 'unready', share: 0 }, 'registered a moment ago')
})
