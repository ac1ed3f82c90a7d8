import t from 'tap'
import { createControlPlaneMetrics } from '../../../../services/control-plane/metrics.ts'
import { createHttpServer, useConventions } from '../../../../services/control-plane/plugins/http.ts'
import { addTurnRestRoutes } from '../../../../services/control-plane/routes/turn-rest.ts'
import type { Providers } from '../../../../services/control-plane/providers/provider.ts'
import { newApp } from '../../../../services/domain/app.ts'
import type { Admission } from '../../../../services/control-plane/admit-caller.ts'
import { createLogger } from '../../../../services/runtime/logger.ts'
import { createMetrics } from '../../../../services/runtime/metrics.ts'
import { PromiseBook } from '../../../../services/policy/keep-promises.ts'
import { holdLimit } from '../../../../services/policy/spend-tokens.ts'
import { snapshotOf } from '../../../helpers/node-views.ts'

const minted = (urls: string[], login = {}): Providers => ({
  stun: { mint: () => ({ iceServers: [{ urls, ...login }], expiresAtMs: 60_000, expiryEndsCalls: false, region: null }) }
})
const admission: Pick<Admission, 'admit'> = {
  admit: async () => ({ app: { ...newApp('shop', ''), maxTtlSeconds: 60 }, kind: 'secret', appLimit: holdLimit(''), key: undefined, user: undefined, userTag: '', userId: '', limit: holdLimit(''), address: '', hintedRegion: undefined, snapshot: snapshotOf([]), nowMs: 0 })
}

const ask = async (providers: Providers) => {
  const server = createHttpServer([])
  const metrics = createControlPlaneMetrics(createMetrics('test', '0'))
  useConventions(server, metrics, createLogger('test', 'silent'))
  addTurnRestRoutes(server, admission, { providers, available: ['stun'], promises: new PromiseBook(), record: () => {}, onProviderFailed: () => {} })
  const { statusCode, body } = await server.inject('/turn?service=turn&key=sk_1')
  return { statusCode, body: JSON.parse(body) }
}

t.test('STUN alone is no answer in this form: it has no place for a list without credentials', async t => {
  t.match(await ask(minted(['stun:s.example.org'])), { statusCode: 503, body: { code: 'no_provider' } })
})

t.test('what has credentials is answered, less its STUN URLs', async t => {
  t.same(await ask(minted(['stun:s.example.org', 'turn:t.example.org?transport=udp'], { username: 'u', credential: 'c' })),
    { statusCode: 200, body: { username: 'u', password: 'c', ttl: 60, uris: ['turn:t.example.org?transport=udp'] } })
})
