import { indexApps } from '../../services/domain/app.ts'
import type { ProviderName } from '../../services/domain/provider.ts'
import { newDesired } from '../../services/domain/node.ts'
import type { NodeFacts } from '../../services/domain/node.ts'
import { decideRoute } from '../../services/policy/decide-route.ts'
import { PromiseBook } from '../../services/policy/keep-promises.ts'
import { nextSnapshot } from '../../services/policy/next-snapshot.ts'
import type { Facts, Snapshot } from '../../services/policy/next-snapshot.ts'
import type { Policy } from '../../services/policy/settings.ts'
import type { Rule, RuleMaker, RuleOptions } from './rule.ts'
import type { Call } from './trace.ts'
import type { SimulatedNode, World } from './world.ts'

const MS_A_SECOND = 1000
const BITS_A_MEGABIT = 1_000_000
const APPS = indexApps('1', new Map(), new Map())

/** The policy of the control plane itself, fed with what it would see in life: a read a second, heartbeats of five. */
export const makeOwnRule = (policy: Policy, seed: number): RuleMaker => ({
  make: (world, options) => createOwnRule(world, options, policy, seed)
})

function createOwnRule ({ nodes }: World, { spillTo }: RuleOptions, policy: Policy, seed: number): Rule {
  const byId = new Map(nodes.map(node => [node.plan.id, node]))
  const providers: ProviderName[] = ['coturn', spillTo]
  const book = new PromiseBook()
  let snapshot: Snapshot | undefined
  let saturated = new Map<string, boolean>()
  let flaps = 0

  return {
    look: second => {
      const nowMs = second * MS_A_SECOND
      snapshot = nextSnapshot(snapshot, { ...NO_FACTS, nodes: nodes.map(node => factsOf(node, nowMs)) }, nowMs, policy)
      if (!snapshot) return
      book.follow(snapshot, nowMs)
      const now = new Map(snapshot.nodes.map(node => [node.id, node.saturated]))
      for (const [id, isNow] of now) if (isNow !== (saturated.get(id) ?? false)) flaps += 1
      saturated = now
    },
    flaps: () => flaps,
    choose: ({ room, region }: Call, now: number) => {
      if (!snapshot) return { provider: spillTo }
      const key = `${seed}/${room}`
      const request = { app: 'simulated', userTag: `${key}/${now}`, room: room === '' ? undefined : key, region: region === '' ? undefined : region, regions: [], paidSpill: true }
      const [step] = decideRoute(request, snapshot, providers, book.promised)
      if (step?.provider !== 'coturn') return { provider: spillTo }
      return {
        nodes: step.nodes.map(({ id }, index) => {
          const urls = step.urls[index]?.length ?? 0
          book.promise(id, urls, now * MS_A_SECOND)
          return { node: byId.get(id) as SimulatedNode, urls }
        })
      }
    }
  }
}

const NO_FACTS: Omit<Facts, 'nodes'> = { health: new Map(), appsAndKeys: APPS, relayUse: new Map(), promises: new Map() }

function factsOf ({ plan, heartbeat: { beat, sessions, megabits, unresolved, experience } }: SimulatedNode, nowMs: number): NodeFacts {
  const { id, region, capacityMegabits, maxAllocations } = plan
  const url = (scheme: string, transport: string): string => `${scheme}:${id}.example.org:3478?transport=${transport}`
  return {
    id,
    desired: DESIRED,
    observed: {
      beat,
      clockMs: nowMs,
      region,
      relayIps: [],
      urls: [url('turn', 'udp'), url('turns', 'tcp'), url('turn', 'tcp')],
      capacityBitsPerSecond: capacityMegabits * BITS_A_MEGABIT,
      maxAllocations,
      coturnVersion: '4.17.1',
      boot: 'simulated',
      sessions,
      loadBitsPerSecond: megabits * BITS_A_MEGABIT,
      unresolved: [...unresolved],
      experience,
      interfaceBitsPerSecond: null,
      generationsApplied: [1],
      outboxPending: 0,
      gaps: 0
    }
  }
}

const DESIRED = newDesired('0123456789abcdef')
