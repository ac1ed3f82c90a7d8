import type { DerivedKeys } from '../../domain/turn-credential.ts'
import { PROVIDERS } from '../../policy/decide-route.ts'
import type { ProviderName } from '../../policy/decide-route.ts'
import type { ProviderSettings } from '../config.ts'
import { createCoturnProvider } from './coturn.ts'
import type { Providers } from './provider.ts'
import { createStaticProvider } from './static.ts'
import { createStunProvider } from './stun.ts'

/** The providers that are both in the order and configured, and their names in that order. */
export function createProviders (settings: ProviderSettings, masterKey: string, keys: DerivedKeys): { providers: Providers, available: ProviderName[] } {
  const configured: Providers = {
    coturn: createCoturnProvider(masterKey, keys),
    ...settings.staticIceServers.length > 0 ? { static: createStaticProvider(settings.staticIceServers) } : {},
    ...settings.stunUrls.length > 0 ? { stun: createStunProvider(settings.stunUrls) } : {}
  }
  const available = settings.order.filter(name => configured[name] !== undefined)
  const providers = Object.fromEntries(PROVIDERS.filter(name => available.includes(name)).map(name => [name, configured[name]]))
  return { providers, available }
}
