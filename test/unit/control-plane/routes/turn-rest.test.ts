import t from 'tap'
import { createControlPlaneMetrics } from '../../../../services/control-plane/metrics.ts'
import { createHttpServer, useConventions } from '../../../../services/control-plane/plugins/http.ts'
import { sha256 } from '../../../../services/control-plane/plugins/authenticate.ts'
import { addTurnRestRoutes } from '../../../../services/control-plane/routes/turn-rest.ts'
import type { Providers } from '../../../../services/control-plane/providers/provider.ts'
import { deriveKeys } from '../../../../services/domain/turn-credential.ts'
import { createLogger } from '../../../../services/runtime/logger.ts'
import { createMetrics } from '../../../../services/runtime/metrics.ts'

const minted = (urls: string[], login = {}): Providers => ({
  stun: { mint: () => ({ iceServers: [{ urls, ...login }], expiresAtMs: 1_000, expiryEndsCalls: false, region: null }) }
})
const ask = async (providers: Providers) => {
  const server = createHttpServer(createLogger('test', 'silent'))
  useConventions(server, createControlPlaneMetrics(createMetrics('test', '0')))
  const app = { id: 'shop', name: 'shop', maxTtlSeconds: 60, createdAt: '' }
  addTurnRestRoutes(server, {
    snapshot: () => ({
      generation: 1,
      readAtMs: 0,
      outageSinceMs: undefined,
      nodes: [],
      appsAndKeys: { version: '1', apps: new Map([['shop', app]]), keys: new Map([[sha256('sk_1'), { id: '1', app: 'shop', createdAt: '' }]]) }
    }),
    providers,
    available: ['stun'],
    keys: deriveKeys('m'.repeat(40)),
    record: () => {},
    onProviderFailed: () => {},
    random: () => Buffer.alloc(16),
    now: () => 0
  })
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
