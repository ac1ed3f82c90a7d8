import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import t from 'tap'
import type { Test } from 'tap'
import { until } from '../../../scripts/until.ts'
import { TurnClient } from '../../../services/turn/turn-client.ts'
import { exchange } from '../../../services/turn/turn-exchange.ts'
import { makeCertificate } from '../../helpers/certificates.ts'
import { startCoturn, TLS_PORT } from '../../helpers/coturn-server.ts'
import { sidTurnserver } from '../../helpers/debian-sid.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'

const redis = await startRedisServer(t, { variant: 'node' })
const folder = mkdtempSync(join(tmpdir(), 'spillway-renewal-'))
t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })

/** SHA-256 of the certificate that a new connection is shown. */
async function shownAt (address: string): Promise<string | undefined> {
  const socket = connect({ host: address, port: TLS_PORT, rejectUnauthorized: false })
  try {
    await once(socket, 'secureConnect')
    return socket.getPeerX509Certificate()?.fingerprint256
  } finally {
    socket.destroy()
  }
}

function testRenewal (name: string, turnserver: string | undefined): void {
  t.test(`${name}: a call over TLS outlives a renewal, and the next one sees the new certificate`, async t => {
    const paths = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) }
    const trusted: string[] = []
    const renew = async (address: string): Promise<void> => {
      const made = await makeCertificate(join(folder, `${name}-${trusted.length}`), address)
      trusted.push(readFileSync(made.ca, 'utf8'))
      for (const part of ['cert', 'key'] as const) copyFileSync(made[part], paths[part])
    }
    const coturn = await startCoturn(t, {
      redis,
      turnserver,
      settings: async address => {
        await renew(address)
        return { COTURN_TLS_CERT: paths.cert, COTURN_TLS_KEY: paths.key }
      }
    })
    const call = await startCall(t, coturn.address, coturn.credential(), trusted)
    const first = await shownAt(coturn.address)

    await renew(coturn.address)
    await until('a new connection is shown the new certificate', async () => await shownAt(coturn.address) !== first, 30_000, 200)
    t.ok((await exchange({ ...call, packets: 50, payloadBytes: 160 })).arrivedBytes > 0, 'the call talks on')
    await call.a.refresh(600)
    const next = await startCall(t, coturn.address, coturn.credential(), trusted.slice(-1))
    t.ok((await exchange({ ...next, packets: 10, payloadBytes: 160 })).arrivedBytes > 0, 'a call that trusts the new one alone')
  })
}

async function startCall (t: Test, host: string, credential: { username: string, password: string }, trusted: readonly string[]): Promise<{ a: TurnClient, b: TurnClient }> {
  const open = async (): Promise<TurnClient> => {
    const client = await TurnClient.connect({ host, port: TLS_PORT, transport: 'tls', ca: trusted.join('\n'), ...credential })
    t.teardown(async () => { await client.close() })
    return client
  }
  const call = { a: await open(), b: await open() }
  await call.a.allocate()
  await call.b.allocate()
  return call
}

testRenewal('coturn-of-this-machine', undefined)
const sid = sidTurnserver(t)
if (sid !== undefined) testRenewal('coturn-of-sid', sid)
