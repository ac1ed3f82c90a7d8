import type { UpstreamError } from './upstream-error.ts'

/** Results held at a time: some megabytes at most. */
const MAX_HELD = 10_000
/** A client that tries again at once is told the same; a second later the provider may be well again. */
const FAILURE_MS = 1_000

interface Held<T> {
  result: Promise<T>
  /** once it is there */
  value?: T
  /** Infinity while it is on its way */
  untilMs: number
}

/**
 * Identical requests wait for one mint. Who may share is in the key: it names the app always, and the user unless the
 * operator has one credential serve several users of an app.
 * @param keepMs how long a credential serves identical requests; 0: only those that wait for it already
 */
export function createSharedMints<T> (now: () => number, keepMs: number) {
  const held = new Map<string, Held<T>>()

  function dropOld (): void {
    for (const [key, { untilMs }] of held) {
      if (untilMs > now() && held.size < MAX_HELD) break
      held.delete(key)
    }
  }

  async function make (key: string, mint: () => Promise<T>): Promise<T> {
    const entry: Held<T> = { result: mint(), untilMs: Infinity }
    const keep = (ms: number): void => {
      entry.untilMs = now() + ms
      if (held.get(key) !== entry) return
      held.delete(key)
      // at the end, so that those that go first stand first
      if (ms > 0) held.set(key, entry)
    }
    held.set(key, entry)
    entry.result.then(value => {
      entry.value = value
      keep(keepMs)
    }, (error: UpstreamError) => { keep(wasAsked(error) ? FAILURE_MS : 0) })
    return await entry.result
  }

  /** @param usable whether what is kept is still good for this request; what is on its way always is */
  return async function take (key: string, usable: (value: T) => boolean, mint: () => Promise<T>): Promise<T> {
    const entry = held.get(key)
    if (entry !== undefined && entry.untilMs > now() && (entry.value === undefined || usable(entry.value))) return await entry.result
    dropOld()
    return await make(key, mint)
  }
}

const wasAsked = ({ kind }: UpstreamError): boolean => kind !== 'busy' && kind !== 'circuit_open'
