import type { IceServer } from '../../domain/ice-servers.ts'
import type { ProviderName } from '../../domain/provider.ts'
import type { Step } from '../../policy/decide-route.ts'

export interface MintRequest {
  app: string
  userTag: string
  /** the part of a TURN username behind its expiry */
  userId: string
  ttlSeconds: number
  nowMs: number
}

export interface Minted {
  iceServers: IceServer[]
  expiresAtMs: number
  /** true: the provider cuts calls when the credential expires */
  expiryEndsCalls: boolean
  region: string | null
}

/** One way to get ICE servers. */
export interface Provider<Name extends ProviderName = ProviderName> {
  /**
   * A list that every browser accepts, with at least one URL: what comes from outside goes through sanitiseIceServers
   * where it comes in, and no further.
   * @param timeoutMs what a provider that must be asked first may take
   * @throws where this provider cannot serve now; the next step of the plan is tried
   */
  mint (request: MintRequest, step: Extract<Step, { provider: Name }>, timeoutMs: number): Minted | Promise<Minted>
}

/** The configured ones; a provider that is not configured has no entry. */
export type Providers = { [Name in ProviderName]?: Provider<Name> }
