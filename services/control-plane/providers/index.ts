import type { ProviderName } from '../../domain/provider.ts'
import type { KeyRingKeeper } from '../../store/key-ring.ts'
import type { ProviderSettings } from '../config.ts'
import { createCoturnProvider } from './coturn.ts'
import type { Providers } from './provider.ts'
import { createStaticProvider } from './static.ts'
import { createStunProvider } from './stun.ts'

/** The configured providers, and the names of those that the order asks for. */
export function createProviders (settings: ProviderSettings, keyRing: Pick<KeyRingKeeper, 'ring'>): { providers: Providers, available: ProviderName[] } {
  const configured: Providers = {
    coturn: createCoturnProvider(keyRing),
    ...settings.staticIceServers.length > 0 ? { static: createStaticProvider(settings.staticIceServers) } : {},
    ...settings.stunUrls.length > 0 ? { stun: createStunProvider(settings.stunUrls) } : {}
  }
  return { providers: configured, available: settings.order.filter(name => configured[name] !== undefined) }
}
