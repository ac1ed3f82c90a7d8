import { TurnClient, type TurnClientOptions } from '../turn/turn-client.ts'
import { TurnError } from '../turn/turn-errors.ts'
import { unlessAborted } from '../turn/unless-aborted.ts'
import type { RelayEnd } from './measure-relay.ts'

/** An ephemeral port that had an allocation a moment ago is answered 437 (RFC 8656 section 7.2): another port is free. */
const PORTS_TRIED = 3

/** One end of a probe: a client, and what it may hold at the relay. */
export class ProbeClient {
  readonly #options: TurnClientOptions
  #client: TurnClient
  /** From the first Allocate on, until the relay has said no: its answer may be lost, or come too late. */
  #mayHold = false
  #binding: Promise<unknown> = Promise.resolve()

  private constructor (options: TurnClientOptions, client: TurnClient) {
    this.#options = options
    this.#client = client
  }

  static async open (options: TurnClientOptions): Promise<ProbeClient> {
    return new ProbeClient(options, await TurnClient.connect(options))
  }

  get client (): TurnClient { return this.#client }

  /** Rejects as TurnClient does. An allocation may be under way beside it. */
  async binding (): Promise<void> {
    const asked = this.#client.binding()
    this.#binding = asked.catch(() => {})
    await asked
  }

  /** Rejects as TurnClient does. */
  async allocate (): Promise<RelayEnd> {
    for (let tried = 1; ; tried++) {
      this.#mayHold = true
      try {
        const { relayedAddress } = await this.#client.allocate()
        return { client: this.#client, relayed: relayedAddress }
      } catch (error) {
        if (!(error instanceof TurnError)) throw error
        this.#mayHold = false
        if (error.code !== 437 || tried === PORTS_TRIED) throw error
      }
      await this.#changePort()
    }
  }

  async #changePort (): Promise<void> {
    // Its answer comes to the port that is given up.
    await this.#binding
    const next = await TurnClient.connect(this.#options)
    // The probe may be over: then nobody would close this one.
    if (this.#options.signal?.aborted === true) return await next.close()
    const before = this.#client
    this.#client = next
    await before.close()
  }

  /** Releases what may be held and closes the socket, in `graceMs` at the most. Never rejects. */
  async leave (graceMs: number): Promise<void> {
    const late = new AbortController()
    const timer = setTimeout(() => { late.abort() }, graceMs)
    if (this.#mayHold) await unlessAborted(this.#client.release(), late.signal, () => new Error('no time left')).catch(() => {})
    clearTimeout(timer)
    await this.#client.close(late.signal.aborted ? 0 : graceMs)
  }
}
