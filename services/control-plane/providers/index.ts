import type { ProviderName } from '../../domain/provider.ts'
import type { KeyRingKeeper } from '../../store/key-ring.ts'
import type { CircuitView, GuardOptions } from '../../upstream/call-guard.ts'
import type { ProviderSettings } from '../config.ts'
import { createCloudflareProvider } from './cloudflare.ts'
import { createCoturnProvider } from './coturn.ts'
import type { Providers } from './provider.ts'
import { createStaticProvider } from './static.ts'
import { createStunProvider } from './stun.ts'
import { createTwilioProvider } from './twilio.ts'

/** How the paid providers of the order are, by their name. */
export type Circuits = ReadonlyMap<ProviderName, () => CircuitView>
/** Takes a credential of Cloudflare back, by its username. @throws UpstreamError */
export type Revoke = (username: string, signal: AbortSignal) => Promise<void>
/** Hears of each request to a paid provider. */
export type WatchUpstream = (provider: ProviderName) => Pick<GuardOptions, 'onOutcome' | 'onChange'>

const unwatched: WatchUpstream = () => ({ onOutcome: () => {}, onChange: () => {} })

/** The configured providers, the names of those that the order asks for, and what is beside minting. */
export function createProviders (settings: ProviderSettings, keyRing: Pick<KeyRingKeeper, 'ring'>, watch = unwatched): { providers: Providers, available: ProviderName[], circuits: Circuits, revoke: Revoke | undefined } {
  const optionsFor = (name: ProviderName) => ({
    // never set back, so that a clock that is set cannot keep a circuit open
    now: () => performance.timeOrigin + performance.now(),
    random: Math.random,
    shareSeconds: settings.paidShareSeconds,
    ...watch(name)
  })
  // what the order leaves out is not made: the SDK of Twilio takes a quarter of a second to load
  const wanted = (name: ProviderName): boolean => settings.order.includes(name)
  const cloudflare = settings.cloudflare && wanted('cloudflare') ? createCloudflareProvider(settings.cloudflare, optionsFor('cloudflare')) : undefined
  const twilio = settings.twilio && wanted('twilio') ? createTwilioProvider(settings.twilio, optionsFor('twilio')) : undefined
  const configured: Providers = {
    coturn: createCoturnProvider(keyRing),
    ...cloudflare ? { cloudflare } : {},
    ...twilio ? { twilio } : {},
    ...settings.staticIceServers.length > 0 ? { static: createStaticProvider(settings.staticIceServers) } : {},
    ...settings.stunUrls.length > 0 ? { stun: createStunProvider(settings.stunUrls) } : {}
  }
  return {
    providers: configured,
    available: settings.order.filter(name => configured[name] !== undefined),
    revoke: cloudflare?.revoke,
    circuits: new Map([...cloudflare ? [['cloudflare', cloudflare.view] as const] : [], ...twilio ? [['twilio', twilio.view] as const] : []])
  }
}
