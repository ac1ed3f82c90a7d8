/**
 * A map of what was used lately, in two generations: reading moves an entry into the young one, and when that is full it
 * becomes the old one, whose entries go. So it holds between half of `most` and `most`, and a read costs one look-up: a
 * list kept in order of use took a microsecond to reorder, several times a request.
 */
export class RecentMap<Key, Value> {
  readonly #half: number
  #young = new Map<Key, Value>()
  #old = new Map<Key, Value>()

  constructor (most: number) {
    this.#half = Math.ceil(most / 2)
  }

  get (key: Key): Value | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  set (key: Key, value: Value): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
  }

  /** What is held of `key`, or what `make` makes of it. */
  take (key: Key, make: () => Value): Value {
    const held = this.get(key)
    if (held !== undefined) return held
    const made = make()
    this.set(key, made)
    return made
  }

  clear (): void {
    this.#young.clear()
    this.#old.clear()
  }
}
