import { PROMISE_MS } from '../policy/keep-promises.ts'
import type { PromiseBook } from '../policy/keep-promises.ts'
import { repeat } from '../runtime/repeat.ts'
import type { Redis } from '../store/connect.ts'
import { writePromises } from '../store/promises.ts'

/** A burst over several control planes overbooks a node by what they promise in this time and a snapshot. */
const FLUSH_MS = 200

/** Tells the other control planes what this one has promised; what could not be told while Redis was away is told later, unless it is too old by then. */
export function sharePromises (redis: Redis, replica: string, book: PromiseBook, now: () => number, onError: (error: Error) => void) {
  let untold: Array<[node: string, second: number, count: number]> = []
  let told: Array<[node: string, second: number]> = []
  return repeat(FLUSH_MS, async () => {
    const oldest = Math.floor((now() - PROMISE_MS) / 1000)
    untold = [...untold, ...book.takeUntold()].filter(([, second]) => second >= oldest)
    const old = told.filter(([, second]) => second < oldest)
    await writePromises(redis, replica, untold, old)
    const known = new Set(told.map(String))
    told = [...told.filter(([, second]) => second >= oldest), ...untold.map(([node, second]): [string, number] => [node, second]).filter(one => !known.has(String(one)))]
    untold = []
  }, onError)
}
