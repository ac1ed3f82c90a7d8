import { lookup } from 'node:dns/promises'
import type { LookupAddress } from 'node:dns'
import { TurnFailure } from './turn-errors.ts'
import { unlessAborted } from './unless-aborted.ts'

/**
 * The addresses of a host, best first, by the resolver of the system (/etc/hosts included); an IP address is itself.
 * Its thread cannot be called back: after the abort it runs on until the resolver gives up by itself.
 * Rejects with TurnFailure of 'resolve'.
 */
export async function resolveHost (host: string, signal: AbortSignal): Promise<[LookupAddress, ...LookupAddress[]]> {
  const unresolved = (cause?: Error) => new TurnFailure('resolve', 'TURN_UNRESOLVED', `${host} has no address`, cause)
  const looking = lookup(host, { all: true }).catch((error: Error) => { throw unresolved(error) })
  const [first, ...others] = await unlessAborted(looking, signal, () => new TurnFailure('resolve', 'TURN_TIMEOUT', 'no answer in time'))
  if (first === undefined) throw unresolved()
  return [first, ...others]
}
