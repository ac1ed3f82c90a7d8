import { Compile } from 'typebox/compile'
import { MasterKeys, openKeyRing } from '../domain/key-ring.ts'
import type { KeyRing, MasterKey } from '../domain/key-ring.ts'
import { OperatorMistake } from '../domain/operator-mistake.ts'
import { keyId } from '../domain/turn-credential.ts'
import type { Write } from './audit.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'

const masterKeysCheck = Compile(MasterKeys)

/**
 * A name is minted only under a key that has lain in Redis for this long: it is on the disk by then (appendfsync
 * everysec), and the ledger will still know it after a loss of power.
 */
const SETTLE_MS = 2_000

/** The master keys of the fleet as one process holds them. */
export interface KeyRingKeeper {
  /** as last read; before that the key of the configuration alone */
  readonly ring: KeyRing
  /** what names and tags are made under */
  readonly minting: MasterKey
  /** of the key this process was started with */
  readonly configuredId: string
  /** what /readyz says of it */
  readonly degraded: { masterKey?: string }
  /**
   * Reads the ring again, one GET of a small string.
   * @throws OperatorMistake where no key of this process belongs to the fleet; Error where the ring is damaged or
   * Redis away: the ring then stays as it was
   */
  refresh: () => Promise<KeyRing>
  /** The first reading, at the start of a process. @throws OperatorMistake as above, and nothing else: what is away comes back */
  begin: () => Promise<void>
  /** the write that makes of the ring as last read this one */
  write: (after: MasterKeys) => Write
}

export function keepKeyRing (redis: Redis, masterKey: string, now: () => number): KeyRingKeeper {
  let ring = openKeyRing(null, [masterKey], now())
  let json: string | null | undefined
  let addedAtMs = -Infinity

  return {
    get ring () { return ring },
    configuredId: keyId(masterKey),
    get minting () {
      return now() >= addedAtMs + SETTLE_MS ? ring.current : ring.keys.at(-2) ?? ring.current
    },
    get degraded () {
      return ring.keys.some(({ text }) => text === masterKey) ? {} : { masterKey: 'SPILLWAY_MASTER_KEY of this process is retired: set it to the current one before it starts again' }
    },

    refresh,
    async begin () {
      await refresh().catch((error: unknown) => { if (error instanceof OperatorMistake) throw error })
    },

    write: after => ({ kind: 'string', key: centralKeys.masterKeys, before: json ?? null, after: JSON.stringify(after) })
  }

  async function refresh (): Promise<KeyRing> {
    const read = await redis.get(centralKeys.masterKeys)
    if (read === json) return ring
    // what was opened before still opens what comes after, though the configuration may be behind
    const next = openKeyRing(parse(read), [masterKey, ...ring.keys.map(({ text }) => text)], now())
    if (json !== undefined && next.current.id !== ring.current.id) addedAtMs = now()
    ring = next
    json = read
    return ring
  }
}

/** @throws where it is no ring */
function parse (json: string | null): MasterKeys | null {
  if (json === null) return null
  const value: unknown = JSON.parse(json)
  if (!masterKeysCheck.Check(value)) throw new Error('the master keys in Redis cannot be read: they were changed by hand, or written by another version')
  return value
}
