import { AGES_SECONDS, noneEachStep, stepOf, STEPS } from '../../services/domain/load-experience.ts'
import type { LoadExperience } from '../../services/domain/load-experience.ts'
import { LoadLearner } from '../../services/policy/learn-load.ts'
import { EventQueue } from './event-queue.ts'
import type { Call } from './trace.ts'

/** How long a client holds an allocation that it does not use. */
const IDLE_SECONDS = 30
const HEARTBEAT_SECONDS = 5
/** coturn reports a session every 4096 packets over its four counters; each relayed packet is in two of them. */
const REPORT_MEGABITS = 4096 / 2 * 1000 * 8 / 1e6
const OLDEST_SECONDS = AGES_SECONDS[STEPS - 1] as number

export interface NodePlan {
  id: string
  region: string
  capacityMegabits: number
  maxAllocations: number
}

/** What an agent says in its heartbeat. */
export interface Heartbeat {
  beat: number
  sessions: number
  megabits: number
  unresolved: readonly number[]
  experience: LoadExperience
}

interface Session { node: SimulatedNode, megabits: number, beganAt: number, known: boolean, ended: boolean }
type Happening = { kind: 'report' | 'end', session: Session }

/** One relay as it is, and as its agent knows it. */
export class SimulatedNode {
  readonly plan: NodePlan
  readonly offset: number
  megabits = 0
  allocations = 0
  /** allocations that the quota of coturn would have refused */
  refused = 0
  heartbeat: Heartbeat
  #knownMegabits = 0
  #changedAt = 0
  #saturatedSeconds = 0
  readonly #unresolved = noneEachStep()
  /** allocations of unknown rate by the second they began in, idle ones apart: they end by themselves */
  readonly #idle = new Map<number, number>()
  readonly #relaying = new Map<number, number>()
  readonly #learner = new LoadLearner()

  constructor (plan: NodePlan, index: number) {
    this.plan = plan
    this.offset = index % HEARTBEAT_SECONDS
    this.heartbeat = { beat: 0, sessions: 0, megabits: 0, unresolved: [...this.#unresolved], experience: this.#learner.experience }
  }

  load (now: number, megabits: number): void {
    this.#saturatedSeconds = this.saturatedUntil(now)
    this.#changedAt = now
    this.megabits += megabits
  }

  /** Seconds in which its true load was above what it can carry. */
  saturatedUntil (now: number): number {
    return this.#saturatedSeconds + (this.megabits > this.plan.capacityMegabits ? now - this.#changedAt : 0)
  }

  begin (now: number, idle: number, relaying: number): void {
    const second = Math.floor(now)
    if (idle > 0) this.#idle.set(second, (this.#idle.get(second) ?? 0) + idle)
    if (relaying > 0) this.#relaying.set(second, (this.#relaying.get(second) ?? 0) + relaying)
    const count = idle + relaying
    this.#unresolved[0] = (this.#unresolved[0] ?? 0) + count
    this.#learner.enter(0, count)
    this.allocations += count
    const { maxAllocations } = this.plan
    if (maxAllocations > 0 && this.allocations > maxAllocations) this.refused += Math.min(count, this.allocations - maxAllocations)
  }

  resolve (session: Session, now: number): void {
    const second = Math.floor(session.beganAt)
    const step = stepOf(Math.floor(now) - second)
    this.#relaying.set(second, (this.#relaying.get(second) ?? 0) - 1)
    this.#unresolved[step] = (this.#unresolved[step] ?? 0) - 1
    this.#learner.resolve(step, session.megabits)
  }

  know (megabits: number): void { this.#knownMegabits += megabits }

  /** All that a second changes by itself. */
  tick (second: number): void {
    const gone = this.#idle.get(second - IDLE_SECONDS) ?? 0
    if (gone > 0) {
      this.#idle.delete(second - IDLE_SECONDS)
      const step = stepOf(IDLE_SECONDS - 1)
      this.#unresolved[step] = (this.#unresolved[step] ?? 0) - gone
      this.#learner.resolve(step, 0, gone)
      this.allocations -= gone
    }
    for (let step = STEPS - 1; step > 0; step--) {
      const began = second - (AGES_SECONDS[step] as number)
      const entering = (this.#idle.get(began) ?? 0) + (this.#relaying.get(began) ?? 0)
      if (entering === 0) continue
      this.#unresolved[step] = (this.#unresolved[step] ?? 0) + entering
      this.#unresolved[step - 1] = (this.#unresolved[step - 1] ?? 0) - entering
      this.#learner.enter(step, entering)
    }
    const old = second - OLDEST_SECONDS - HEARTBEAT_SECONDS
    if (this.#relaying.get(old) === 0) this.#relaying.delete(old)
    if (second % HEARTBEAT_SECONDS === this.offset) this.#beat()
  }

  #beat (): void {
    this.#learner.fade(HEARTBEAT_SECONDS)
    this.heartbeat = { beat: this.heartbeat.beat + 1, sessions: this.allocations, megabits: this.#knownMegabits, unresolved: [...this.#unresolved], experience: this.#learner.experience }
  }
}

/** A fleet in simulated time: what was placed on it, what that does to it, and what its agents can know. */
export class World {
  readonly nodes: readonly SimulatedNode[]
  readonly #happenings = new EventQueue<Happening>()

  constructor (plans: readonly NodePlan[]) {
    this.nodes = plans.map((plan, index) => new SimulatedNode(plan, index))
  }

  /** @param urls of each node in the reply */
  place (call: Call, now: number, placed: ReadonlyArray<{ node: SimulatedNode, urls: number }>): void {
    for (const [index, { node, urls }] of placed.entries()) {
      const relays = index === 0 && call.relayed && call.durationSeconds > 0
      node.begin(now, relays ? urls - 1 : urls, relays ? 1 : 0)
      if (!relays) continue
      const session: Session = { node, megabits: call.megabits, beganAt: now, known: false, ended: false }
      node.load(now, call.megabits)
      if (call.megabits > 0) this.#happenings.push(now + REPORT_MEGABITS / call.megabits, { kind: 'report', session })
      this.#happenings.push(now + call.durationSeconds, { kind: 'end', session })
    }
  }

  /** Everything up to the beginning of a second, and what that second changes by itself. */
  tick (second: number): void {
    this.advance(second)
    for (const node of this.nodes) node.tick(second)
  }

  advance (time: number): void {
    while (this.#happenings.nextTime <= time) {
      const now = this.#happenings.nextTime
      const { kind, session } = this.#happenings.pop() as Happening
      if (kind === 'report') this.#report(session, now)
      else this.#end(session, now)
    }
  }

  #report (session: Session, now: number): void {
    if (session.ended) return
    session.known = true
    session.node.resolve(session, now)
    session.node.know(session.megabits)
  }

  #end (session: Session, now: number): void {
    session.ended = true
    if (session.known) session.node.know(-session.megabits)
    else session.node.resolve(session, now)
    session.node.load(now, -session.megabits)
    session.node.allocations -= 1
  }
}
