import type { Test } from 'tap'
import { until } from '../../scripts/until.ts'
import { ask, startControlPlane } from './control-plane.ts'
import type { Answer, ControlPlane } from './control-plane.ts'
import { startFakeProviders } from './fake-providers.ts'
import { startRedisServer } from './redis-server.ts'

/** Control planes over one Redis, without a relay of their own: every credential of the app `shop` is a spill to the fakes. */
export async function startSpill (t: Test) {
  const redis = await startRedisServer(t, { variant: 'central' })
  const fakes = await startFakeProviders(t)
  const planes: ControlPlane[] = []
  let key = ''

  /** One that knows nothing bad of its providers yet. */
  async function fresh (settings: Record<string, string> = {}): Promise<ControlPlane> {
    fakes.cloudflare.reset()
    fakes.twilio.reset()
    // whatever may be logged is searched
    const plane = await startControlPlane(t, { redis, settings: { ...fakes.settings, SPILLWAY_LOG_LEVEL: 'trace', ...settings } })
    planes.push(plane)
    // its first snapshot may have been read before the app was there
    if (key === '') key = await plane.createApp('shop', { requestsPerMinute: { app: 1_000_000, user: 1_000_000 } })
    else await until('it knows the app', async () => (await ask(`${plane.api}/v1/credentials/explain`, 'POST', { token: key })).status === 200)
    return plane
  }

  return {
    fakes,
    redis,
    fresh,
    get key () { return key },

    timed: async (plane: ControlPlane, body: unknown = {}): Promise<Answer & { ms: number }> => {
      const startedMs = performance.now()
      const answer = await plane.issue(key, body)
      return { ...answer, ms: performance.now() - startedMs }
    },

    /** Credentials of the app, asked for at once. */
    many: async (plane: ControlPlane, count: number, bodyOf: (index: number) => unknown): Promise<Answer[]> =>
      await Promise.all(Array.from({ length: count }, async (_, index) => await plane.issue(key, bodyOf(index)))),

    outcomes: async (plane: ControlPlane, provider: string, outcome: string): Promise<number> =>
      await plane.metric('spillway_upstream_requests_total', `provider="${provider}",outcome="${outcome}"`),

    /** How a provider is, as the admin API tells. */
    circuit: async (plane: ControlPlane, name: string) =>
      (await plane.admin('GET', '/providers')).body.providers.find(({ provider }: { provider: string }) => provider === name).circuit,

    /** In the logs of all of them. */
    searchLogs: async (t: Test): Promise<void> => {
      const log = planes.map(plane => plane.log).join('')
      t.ok(log.includes('a paid provider did not serve') && log.includes('"route":"/v1/credentials"'), 'the logs tell of the run')
      const secrets = [key, ...fakes.secrets()]
      t.ok(secrets.length > 10 && secrets.every(secret => secret.length > 10), `${secrets.length} secrets to look for`)
      t.same(secrets.filter(secret => log.includes(secret)), [])
    }
  }
}
