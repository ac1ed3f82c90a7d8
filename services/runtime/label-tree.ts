export type Labels<Name extends string> = Readonly<Record<Name, string>>
type Branch<Leaf> = Map<string, Branch<Leaf> | Leaf>

/**
 * Finds what belongs to a set of labels by their values, one after the other: a key joined of them would be a new string
 * to make and to hash each time, which is felt where it happens a thousand times a second.
 */
export class LabelTree<Name extends string, Leaf extends object> {
  readonly #names: readonly Name[]
  #root: Branch<Leaf> | Leaf | undefined

  constructor (names: readonly Name[]) {
    this.#names = names
  }

  find (labels: Labels<Name>): Leaf | undefined {
    let at = this.#root
    for (const name of this.#names) {
      if (at === undefined) return undefined
      at = (at as Branch<Leaf>).get(labels[name])
    }
    return at as Leaf | undefined
  }

  add (labels: Labels<Name>, leaf: Leaf): void {
    this.#root = this.#with(this.#root, labels, 0, leaf)
  }

  #with (at: Branch<Leaf> | Leaf | undefined, labels: Labels<Name>, depth: number, leaf: Leaf): Branch<Leaf> | Leaf {
    const name = this.#names[depth]
    if (name === undefined) return leaf
    const branch = at as Branch<Leaf> | undefined ?? new Map<string, Branch<Leaf> | Leaf>()
    return branch.set(labels[name], this.#with(branch.get(labels[name]), labels, depth + 1, leaf))
  }

  remove (labels: Labels<Name>): void {
    if (this.#without(this.#root, labels, 0)) this.#root = undefined
  }

  /** Whether nothing is left of it. */
  #without (at: Branch<Leaf> | Leaf | undefined, labels: Labels<Name>, depth: number): boolean {
    const name = this.#names[depth]
    if (name === undefined || at === undefined) return true
    const branch = at as Branch<Leaf>
    if (this.#without(branch.get(labels[name]), labels, depth + 1)) branch.delete(labels[name])
    return branch.size === 0
  }
}
