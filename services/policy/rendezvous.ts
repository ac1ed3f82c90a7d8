/**
 * Weighted rendezvous hashing (Thaler, Ravishankar 1998; with weights: Schindelhauer, Schomaker 2005): for each key every
 * node draws a number, and the least wins. A node that comes, goes, or weighs more or less moves only keys that were or
 * become its own. Of many keys each node wins a part in proportion to its weight.
 */

/** Of a text, 64 bits in two numbers. */
export type Hash = readonly [number, number]

/** Two FNV-1a hashes (Fowler, Noll, Vo) side by side, from different starts, each mixed to its end. */
export function hashText (text: string): Hash {
  let [a, b] = [0x811c9dc5, 0x9e3779b9]
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ code ^ (b >>> 15), 0x01000193)
  }
  return [mix(a), mix(b)]
}

/** The end of MurmurHash3 (fmix32): every bit that goes in turns over half of those that come out. */
function mix (bits: number): number {
  const once = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35)
  return twice ^ (twice >>> 16)
}

/** What a node draws for a key: -ln(u) / weight, with u evenly spread over (0, 1); the least of all wins. */
export function draw (key: Hash, node: Hash, weight: number): number {
  const bits = mix(mix(key[0] ^ node[0]) ^ key[1] ^ node[1])
  return -Math.log(((bits >>> 0) + 0.5) / 2 ** 32) / weight
}
