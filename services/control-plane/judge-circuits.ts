import type { OpenCircuit, ProviderName } from '../domain/provider.ts'
import type { Circuits } from './providers/index.ts'

const NONE: ReadonlyMap<ProviderName, OpenCircuit> = new Map()

/**
 * The paid providers that would turn a request away now, as this replica sees them: to leave them out of its plan spares
 * it a reservation for nothing. One whose retry is due is not among them, so that a request finds out how it is.
 */
export function openCircuits (circuits: Circuits): ReadonlyMap<ProviderName, OpenCircuit> {
  let open: Map<ProviderName, OpenCircuit> | undefined
  for (const [provider, view] of circuits) {
    const { state, mayAsk, retryAtMs, lastFailure } = view()
    if (mayAsk || state === 'closed') continue
    open ??= new Map()
    open.set(provider, { state, retryAtMs: retryAtMs ?? 0, lastFailure: lastFailure?.kind ?? null })
  }
  return open ?? NONE
}
