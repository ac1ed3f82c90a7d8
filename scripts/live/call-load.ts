import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { TurnFailure } from '../../services/turn/turn-errors.ts'
import type { IceServer } from '../../services/turn/turn-url.ts'
import { askCredential } from './ask-credential.ts'
import type { Reply } from './ask-credential.ts'
import { RelayCall } from './relay-call.ts'
import type { CallRate, SessionCount } from './relay-call.ts'

export interface LoadApp {
  id: string
  key: string
  /** of its users; without it the control plane's default counts */
  region?: string
  /** its share of all calls, beside those of the others */
  weight: number
}

export interface LoadOptions {
  api: string
  apps: readonly LoadApp[]
  rate: CallRate
  /** a call lasts half of that to one and a half */
  meanSeconds: number
}

/** So often packets go out: a packet of each call or two at the rates of a voice or a small video call. */
const TICK_MS = 20
/** Calls begin one after the other, as people do, and not so many at a time that allocations queue up. */
const LOOK_MS = 250
const MOST_BEGUN_A_LOOK = 2
/** Of what went wrong, so many different sentences are kept. */
const MOST_FAILURES = 20

interface LiveCall {
  app: LoadApp
  endsAtMs: number
  /** undefined while it is a paid provider's, which is a stand-in that relays nothing */
  relayed: RelayCall | undefined
}

/** Apps, their users and their calls: as many at a time as are wanted, each for a while, through issued credentials. */
export class CallLoad {
  readonly #options: LoadOptions
  readonly #live = new Set<LiveCall>()
  readonly #stopping = new AbortController()
  readonly #work = new Set<Promise<void>>()
  readonly #loops: Promise<void>[]
  #starting = 0
  #wanted = 0
  /** of sessions that are over, by app */
  readonly sessions = new Map<string, SessionCount[]>()
  readonly failures = new Set<string>()
  /** credentials that were handed out, by provider */
  readonly issued: Record<string, number> = {}
  /** calls that were cut off by the death of their relay */
  dropped = 0
  /** calls that were sent to a relay which was dead already */
  unanswered = 0

  constructor (options: LoadOptions) {
    this.#options = options
    this.#loops = [this.#keepSending(), this.#keepCalls()]
  }

  /** How many calls there shall be at a time. */
  want (calls: number): void { this.#wanted = calls }

  get relayed (): number { return [...this.#live].filter(({ relayed }) => relayed).length }
  /** Calls that were sent to a paid provider, or nowhere. */
  get spilled (): number { return this.#live.size - this.relayed }

  /** Ends every call; resolves when all clients are gone. */
  async stop (): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#loops)
    // a call that was just beginning joins the others as it comes about
    while (this.#live.size + this.#work.size > 0) {
      for (const live of [...this.#live]) this.#end(live)
      await Promise.all(this.#work)
    }
  }

  async #keepSending (): Promise<void> {
    let last = performance.now()
    while (await this.#pause(TICK_MS)) {
      const now = performance.now()
      for (const { relayed } of this.#live) relayed?.send(now - last)
      last = now
    }
  }

  async #keepCalls (): Promise<void> {
    while (await this.#pause(LOOK_MS)) {
      const now = performance.now()
      for (const live of [...this.#live]) {
        const silent = live.relayed?.isSilent === true
        if (silent || now > live.endsAtMs || this.#live.size > this.#wanted) this.#end(live, silent)
      }
      for (let begun = 0; begun < MOST_BEGUN_A_LOOK && this.#live.size + this.#starting < this.#wanted; begun++) this.#run(this.#begin())
    }
  }

  async #pause (ms: number): Promise<boolean> {
    await delay(ms, undefined, { signal: this.#stopping.signal }).catch(() => {})
    return !this.#stopping.signal.aborted
  }

  #run (work: Promise<void>): void {
    const noted = work.catch((error: Error) => {
      if (error instanceof TurnFailure) this.unanswered += 1
      else if (this.failures.size < MOST_FAILURES) this.failures.add(error.message)
    }).finally(() => { this.#work.delete(noted) })
    this.#work.add(noted)
  }

  async #begin (): Promise<void> {
    const { rate, meanSeconds } = this.#options
    this.#starting += 1
    try {
      const app = this.#pickApp()
      const room = randomUUID()
      const replies = [await this.#ask(app, room), await this.#ask(app, room)]
      const live: LiveCall = { app, endsAtMs: performance.now() + meanSeconds * (0.5 + Math.random()) * 1000, relayed: undefined }
      if (replies.every(({ provider }) => provider === 'coturn')) {
        live.relayed = await RelayCall.start(replies.map(({ iceServers }) => iceServers[0]) as [IceServer, IceServer], rate, (session) => { this.#count(app, session) })
      }
      this.#live.add(live)
    } finally {
      this.#starting -= 1
    }
  }

  async #ask (app: LoadApp, room: string): Promise<Reply> {
    const reply = await askCredential(this.#options.api, app, room)
    this.issued[reply.provider] = (this.issued[reply.provider] ?? 0) + 1
    return reply
  }

  #pickApp (): LoadApp {
    const { apps } = this.#options
    let left = Math.random() * apps.reduce((sum, { weight }) => sum + weight, 0)
    return apps.find(({ weight }) => (left -= weight) < 0) ?? apps[0] as LoadApp
  }

  #end (live: LiveCall, dropped = false): void {
    this.#live.delete(live)
    const count = (session: SessionCount): void => { this.#count(live.app, session) }
    if (dropped) this.dropped += 1
    if (live.relayed) this.#run(dropped ? live.relayed.abandon(count) : live.relayed.end(count))
  }

  #count ({ id }: LoadApp, session: SessionCount): void {
    const sessions = this.sessions.get(id) ?? []
    sessions.push(session)
    this.sessions.set(id, sessions)
  }
}
