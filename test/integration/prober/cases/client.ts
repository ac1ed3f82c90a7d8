import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Transport } from '../../../../services/turn/turn-leg.ts'
import { TurnClient } from '../../../../services/turn/turn-client.ts'
import { exchange } from '../../../../services/turn/turn-exchange.ts'
import { makeCertificate } from '../../../helpers/certificates.ts'
import { PORT, TLS_PORT, startCoturn } from '../../../helpers/coturn-server.ts'
import { startRedisServer } from '../../../helpers/redis-server.ts'
import { expectNothingHeld, openSockets, type Case } from './probing.ts'

/** The TURN client itself, over each transport. */
export const testClient: Case = async (t, turnserver) => {
  const redis = await startRedisServer(t, { variant: 'node' })
  const folder = mkdtempSync(join(tmpdir(), 'spillway-probe-'))
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  const coturn = await startCoturn(t, {
    redis,
    turnserver,
    settings: async address => {
      const { cert, key } = await makeCertificate(folder, address)
      return { COTURN_TLS_CERT: cert, COTURN_TLS_KEY: key }
    }
  })
  const ca = readFileSync(join(folder, 'ca.pem'), 'utf8')
  const connect = async (transport: Transport, options: { ca?: string, port?: number } = { ca }) => await TurnClient.connect({
    host: coturn.address, port: transport === 'tls' ? TLS_PORT : PORT, transport, localAddress: '127.0.0.1', ...coturn.credential(), ...options
  })

  for (const transport of ['udp', 'tcp', 'tls'] as const) {
    await t.test(`Binding, and a talk of two over ${transport}`, async t => {
      const [a, b] = [await connect(transport), await connect(transport)]
      const seen = await a.binding()
      t.equal(seen.address, '127.0.0.1')
      const { mappedAddress } = await a.allocate()
      t.same(mappedAddress, seen, 'Allocate tells the same address')
      t.equal(a.certificate?.problem, undefined)
      t.equal(a.certificate !== undefined, transport === 'tls')
      const { sentPackets, arrivedPackets } = await exchange({ a, b, packets: 200, payloadBytes: 1001 })
      t.equal(arrivedPackets, sentPackets)
      for (const client of [a, b]) {
        await client.release()
        await client.close()
      }
      await expectNothingHeld(coturn)
    })
  }

  await t.test('a certificate that is not trusted is told, and the connection is not kept', async t => {
    const sockets = openSockets()
    const error = await connect('tls', {}).catch((error: unknown) => error)
    t.match(error, { name: 'CertificateFailure', method: 'tls', code: 'TURN_CERTIFICATE_UNTRUSTED', certificate: { problem: 'untrusted', expiresAtMs: Number, reason: String } })
    t.equal(openSockets(), sockets)
  })

  await t.test('a release gives up what is under way, so that nothing is allocated behind it', async t => {
    const client = await connect('udp')
    const allocating = client.allocate().then(() => 'allocated', (error: { code?: unknown }) => error.code)
    const releasing = client.release().catch((error: { code?: unknown }) => error.code)
    t.equal(await allocating, 'TURN_CONNECTION_LOST')
    t.equal(await releasing, 437, 'there is none')
    await client.close()
    t.same(await coturn.allocations(), [])
  })

  await t.test('a request to a port that is nobody’s fails at once', async t => {
    const client = await connect('udp', { port: TLS_PORT + 1 })
    const begun = performance.now()
    await t.rejects(client.binding(), { method: 'binding', code: 'TURN_REFUSED' })
    t.ok(performance.now() - begun < 1000)
    await client.close()
  })
}
