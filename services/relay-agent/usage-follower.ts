import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { AgentChange, AgentCursor } from '../store/agent-state.ts'
import { ensureBoot, loadAgentState, readStatusKeys, saveAgentChange } from '../store/agent-state.ts'
import { coturnKeys } from '../store/keys.ts'
import { followNode } from '../store/node-feed.ts'
import type { FeedEvent, FeedPosition } from '../store/node-feed.ts'
import type { Redis } from '../store/connect.ts'
import { noTraffic } from '../domain/session.ts'
import { foldEvent } from './fold-usage.ts'
import type { Folded } from './fold-usage.ts'
import type { AgentMetrics } from './agent-metrics.ts'
import { OpenSessions } from './open-sessions.ts'
import { UnsavedChange } from './unsaved-change.ts'

export interface FollowerOptions {
  feedUrl: string
  redis: Redis
  statsRedis: Redis
  realm: string
  region: string
  metrics: AgentMetrics
  /** batches that wait to be applied, as last seen by whoever ships them */
  outboxPending: () => number
  now: () => number
  onError: (error: Error) => void
  onStopping: (boot: string) => void
  onBoot: (boot: string) => void
}

/** Waiting batches from which on open sessions stay out of the outbox: their next row says it all again, and the disk of a node that is cut off fills with endings only. */
const OUTBOX_CROWDED = 500
const RECONNECT_MS = 500
/** A whole backlog of 64 MB is folded in about a second; what comes this soon after a reconnect may be of the past. */
const REPLAY_MS = 3_000

/**
 * feed -> fold: follows the node's Redis and keeps, per allocation, what coturn has said of it. Memory runs ahead of
 * what is saved; `save` writes position, sessions and batches in one transaction, so a crash repeats events, never
 * loses or doubles them.
 */
export class UsageFollower {
  readonly #options: FollowerOptions
  readonly #open: OpenSessions
  readonly #stopping = new AbortController()
  #cursor: AgentCursor | undefined
  readonly #unsaved: UnsavedChange
  #inFlight: AgentChange | undefined
  #following: Promise<void> | undefined
  /** since when the feed has been followed without a break; undefined while it is not */
  #feedSinceMs: number | undefined

  constructor (options: FollowerOptions) {
    this.#options = options
    this.#unsaved = new UnsavedChange(options.region, options.now)
    this.#open = new OpenSessions({
      now: options.now,
      report: (allocation, session, state) => { this.#unsaved.report(this.boot, allocation, session, state) },
      onLost: () => { options.metrics.lost.inc() }
    })
  }

  get boot (): string { return this.#cursor?.boot ?? '' }
  get sequence (): number { return this.#cursor?.sequence ?? 0 }
  get log (): string | undefined { return this.#cursor?.log }
  get gaps (): number { return this.#cursor?.gaps ?? 0 }
  /** live allocations of this boot */
  get open (): Pick<OpenSessions, 'all' | 'loadBitsPerSecond' | 'lookAtAllocations'> { return this.#open }
  get connected (): boolean { return this.#feedSinceMs !== undefined }
  get clean (): boolean { return this.#inFlight === undefined && this.#unsaved.empty }

  start (): void {
    this.#following = this.#follow()
  }

  async stop (): Promise<void> {
    this.#stopping.abort()
    await this.#following
    await this.save()
  }

  async #follow (): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        if (!this.#cursor) await this.#restore()
        const position = this.#cursor?.position.replicationId ? this.#cursor.position : undefined
        for await (const batch of followNode({ url: this.#options.feedUrl, position, passOver: coturnKeys.peerEnding, signal })) {
          if (batch.kind === 'resync') await this.#resync(batch.position, position !== undefined)
          this.#feedSinceMs ??= this.#options.now()
          if (batch.kind === 'events') this.#foldAll(batch.events, batch.passedOver)
          this.#current.position = batch.position
        }
      } catch (error) {
        this.#options.onError(error as Error)
      }
      this.#feedSinceMs = undefined
      await delay(RECONNECT_MS, undefined, { signal }).catch(() => {})
    }
  }

  get #current (): AgentCursor {
    if (!this.#cursor) throw new Error('the state of the agent has not been read yet')
    return this.#cursor
  }

  /** What the last life saved. */
  async #restore (): Promise<void> {
    const saved = await loadAgentState(this.#options.redis)
    this.#cursor = saved?.cursor ?? { position: { replicationId: '', offset: 0 }, boot: '', log: randomUUID(), sequence: 0, gaps: 0 }
    if (saved) this.#unsaved.resume(saved.cursor)
    for (const [allocation, session] of saved?.sessions ?? []) this.#open.restore(allocation, session)
  }

  /** Events may have been missed: what coturn's own keys say stands, and what they no longer know has ended unseen. */
  async #resync (position: FeedPosition, missed: boolean): Promise<void> {
    const { redis, statsRedis, realm, now } = this.#options
    const boot = await ensureBoot(redis, this.boot || `agent-${randomUUID()}`)
    // of a boot not seen before, the keys may still be those of the one before it, which coturn wipes as it starts
    const live = boot === this.boot ? await readStatusKeys(statsRedis, realm) : new Map<string, string>()
    if (missed) {
      this.#current.gaps += 1
      this.#options.metrics.gaps.inc()
    }
    if (boot !== this.boot) this.#startBoot(boot)
    for (const allocation of [...this.#open.all.keys()]) if (!live.has(allocation)) this.#open.end(allocation, 'lost')
    for (const [allocation, username] of live) {
      if (this.#open.all.has(allocation)) continue
      const session = { ...noTraffic(), username, startedAtMs: now(), atMs: now() }
      this.#keep({ kind: 'session', allocation, session, state: 'open', deltaBytes: 0 }, now())
      this.#options.metrics.events.inc({ kind: 'session' })
    }
    this.#unsaved.replaceAll(this.#open.all)
    this.#current.position = position
  }

  /** What came at once is of one time, and counted at once. */
  #foldAll (events: readonly FeedEvent[], passedOver: number): void {
    const nowMs = this.#options.now()
    const counts: Record<Folded['kind'], number> = { session: 0, unproven: 0, boot: 0, stopping: 0, nothing: passedOver }
    for (const event of events) {
      const folded = foldEvent(this.#open.all, this.#options.realm, event, nowMs)
      counts[folded.kind] += 1
      this.#keep(folded, nowMs)
    }
    for (const [kind, count] of Object.entries(counts)) this.#options.metrics.events.inc({ kind }, count)
  }

  #keep (folded: Folded, nowMs: number): void {
    switch (folded.kind) {
      case 'session':
        this.#open.keep(folded, nowMs, nowMs - (this.#feedSinceMs ?? 0) < REPLAY_MS)
        break
      case 'boot':
        this.#startBoot(folded.boot)
        break
      case 'stopping':
        if (folded.boot === this.boot) this.#options.onStopping(folded.boot)
        break
    }
  }

  /** A new coturn runs: by the order of the stream, whatever is held has ended without a word. */
  #startBoot (boot: string): void {
    this.#open.endAll()
    this.#current.boot = boot
    this.#options.onBoot(boot)
  }

  /** Closes what ended without its total. Only while the feed runs: in its silence nothing can be heard. */
  sweep (): void {
    if (this.#feedSinceMs !== undefined) this.#open.sweep(this.#feedSinceMs)
  }

  /** Saves what changed. After a failure the same change is written again before any newer one. */
  async save (): Promise<boolean> {
    if (!this.#inFlight && this.#cursor?.position.replicationId) {
      this.#inFlight = this.#unsaved.take(this.#cursor, this.#options.outboxPending() > OUTBOX_CROWDED)
    }
    if (!this.#inFlight) return false
    const { batches } = this.#inFlight
    await saveAgentChange(this.#options.redis, this.#inFlight)
    this.#inFlight = undefined
    return batches.length > 0
  }
}
