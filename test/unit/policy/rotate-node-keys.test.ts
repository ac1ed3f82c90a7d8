import t from 'tap'
import { newDesired } from '../../../services/domain/node.ts'
import type { NodeFacts } from '../../../services/domain/node.ts'
import { nodeKeyIdOf, openNodeKeys } from '../../../services/domain/node-keys.ts'
import { deriveNodeKey, keyId } from '../../../services/domain/turn-credential.ts'
import { addNodeKey, dropNodeKey, nodesAccepting } from '../../../services/policy/rotate-node-keys.ts'
import { newNonce } from '../../../services/runtime/new-nonce.ts'

const [old, added] = ['o'.repeat(40), 'a'.repeat(40)]
const nodeKey = (master: string) => deriveNodeKey(master, 'n')
const facts = (desired = newDesired(keyId(nodeKey(old))), generationsApplied?: number[]): NodeFacts =>
  ({ id: 'n', desired, observed: generationsApplied ? { generationsApplied } as NodeFacts['observed'] : null })
const rotating = addNodeKey(facts(), old, added, 60, newNonce)

t.test('the next generation derives from the node key of the new master key, those before from the old one', async t => {
  t.same(rotating.generations, [1, 2])
  t.same(rotating.rotation, { overlapSeconds: 60 })
  t.equal(nodeKeyIdOf(rotating.nodeKeys, 1), keyId(nodeKey(old)))
  t.equal(nodeKeyIdOf(rotating.nodeKeys, 2), keyId(nodeKey(added)))
})

t.test('an agent configured with either node key can make both secrets; nobody else can', async t => {
  for (const master of [old, added]) t.same([...openNodeKeys(rotating.nodeKeys, [nodeKey(master)]).values()].sort(), [old, added].map(nodeKey).sort())
  t.equal(openNodeKeys(rotating.nodeKeys, [deriveNodeKey(old, 'another node')]).size, 1)
  for (const master of [old, added]) t.notOk(JSON.stringify(rotating).includes(nodeKey(master)))
})

t.test('a node in the middle of a rotation of its own is rotated further', async t => {
  const further = addNodeKey(facts({ ...rotating, nodeKeys: newDesired(keyId(nodeKey(old))).nodeKeys }), old, added, 30, newNonce)
  t.same(further.generations, [1, 2, 3])
  t.same([1, 2, 3].map(generation => nodeKeyIdOf(further.nodeKeys, generation)), [old, old, added].map(master => keyId(nodeKey(master))))
})

t.test('a node accepts what it shall and what it says', async t => {
  t.same(nodesAccepting([facts(rotating)], old), ['n'])
  t.same(nodesAccepting([facts(rotating)], added), ['n'], 'not yet confirmed, but wanted')
  const over = { ...rotating, generations: [2] }
  t.same(nodesAccepting([facts(over, [1, 2])], old), ['n'], 'its agent has not obeyed yet')
  t.same(nodesAccepting([facts(over, [2])], old), [])
  t.same(nodesAccepting([facts(over, [2])], added), ['n'])
})

t.test('once the old master key is retired nothing of it is left', async t => {
  const { nodeKeys } = dropNodeKey(facts({ ...rotating, generations: [2] }), old)
  t.same(nodeKeys, [{ from: 2, id: keyId(nodeKey(added)) }])
})
