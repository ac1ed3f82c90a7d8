import { join } from 'node:path'
import { fakeSettings } from '../../test/fakes/accounts.ts'
import { tcp, urlOf } from './part.ts'
import type { Part } from './part.ts'
import type { Settings } from './settings.ts'

const addressesOf = ({ cloudflarePort, twilioPort }: NonNullable<Settings['fakes']>) =>
  ({ cloudflare: { host: '127.0.0.1', port: cloudflarePort }, twilio: { host: '127.0.0.1', port: twilioPort } })

/** One process with both, where they were asked for. */
export function fakeProviders ({ fakes }: Settings, repository: string): Part[] {
  if (fakes === undefined) return []
  const { cloudflare, twilio } = addressesOf(fakes)
  return [{
    name: 'fake-providers',
    command: [join(repository, 'node_modules/.bin/node'), 'test/fakes/start.ts'],
    environment: { SPILLWAY_FAKE_CLOUDFLARE_PORT: String(cloudflare.port), SPILLWAY_FAKE_TWILIO_PORT: String(twilio.port) },
    ports: [tcp(cloudflare, 'SPILLWAY_FAKE_CLOUDFLARE_PORT'), tcp(twilio, 'SPILLWAY_FAKE_TWILIO_PORT')],
    probe: { kind: 'tcp', address: twilio }
  }]
}

/** The accounts control plane and ledger work with. With fakes nothing of a real one goes along: what is tried out must cost nothing. */
export function paidProviders ({ fakes, callersOwn }: Settings): Record<string, string> {
  if (fakes === undefined) return Object.fromEntries(Object.entries(callersOwn).filter(([name]) => /^(TWILIO|CLOUDFLARE)_/.test(name)))
  const { cloudflare, twilio } = addressesOf(fakes)
  return fakeSettings(urlOf(cloudflare), urlOf(twilio))
}

/** Of these what bills are read with: the token that makes credentials is the control plane's alone. */
export const billedAccounts = (settings: Settings): Record<string, string> =>
  Object.fromEntries(Object.entries(paidProviders(settings)).filter(([name]) => !/^CLOUDFLARE_(API_TOKEN|TURN_BASE_URL)/.test(name)))
