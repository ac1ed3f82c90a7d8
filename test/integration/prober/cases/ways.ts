import { AttributeType, Method, decodeStun, encodeStun } from '../../../../services/turn/stun-message.ts'
import { TurnClient } from '../../../../services/turn/turn-client.ts'
import { PORT, startCoturn } from '../../../helpers/coturn-server.ts'
import { startRedisServer } from '../../../helpers/redis-server.ts'
import { startUdpPath } from '../../../helpers/udp-path.ts'
import { expectGood, failedAt, probe, type Case } from './probing.ts'

/** Ways to a good relay that lose packets, change them, or give a port anew. */
export const testWays: Case = async (t, turnserver) => {
  const redis = await startRedisServer(t, { variant: 'node' })
  const coturn = await startCoturn(t, { redis, turnserver })
  const target = { address: coturn.address, port: PORT }
  const at = (port: number) => ({ url: `turn:127.0.0.1:${port}`, credential: coturn.credential() })
  const isData = (message: Buffer) => decodeStun(message)?.method === Method.data

  await t.test('two packets in ten may be lost, three may not', async t => {
    for (const lost of [2, 3]) {
      let left = lost
      const port = await startUdpPath(t, { target, pass: message => isData(message) && left-- > 0 ? undefined : message })
      const found = await probe(t, at(port))
      t.match(found, { failure: lost === 2 ? null : failedAt('relay', 'loss'), packetsSent: 10, packetsReceived: 10 - lost })
      t.ok((found.relayMs ?? 0) > 0)
    }
  })

  await t.test('a relay that takes everything and carries nothing', async t => {
    const port = await startUdpPath(t, { target, pass: message => isData(message) ? undefined : message })
    t.match(await probe(t, at(port)), { failure: failedAt('relay', 'loss'), answered: true, packetsSent: 10, packetsReceived: 0, relayMs: null })
  })

  await t.test('a relay half around the world is good; one too far away for the deadline has lost nothing', async t => {
    const probeAcross = async (oneWayMs: number) => await probe(t, at(await startUdpPath(t, { target, oneWayMs })))
    const [far, tooFar] = await Promise.all([probeAcross(140), probeAcross(200)])
    expectGood(t, far)
    t.match(tooFar, { failure: failedAt('relay', 'timeout'), answered: true, packetsReceived: 0 })
  })

  await t.test('a nonce that has gone stale is changed for the new one', async t => {
    let staleNonces = 0
    const port = await startUdpPath(t, {
      target,
      pass: (message, towards) => {
        const decoded = decodeStun(message)
        if (towards === 'relay' || decoded?.messageClass !== 'error' || decoded.method !== Method.allocate) return message
        const isStale = decoded.attributes.some(({ type, value }) => type === AttributeType.errorCode && value.readUInt16BE(2) === 0x0426)
        if (isStale) staleNonces += 1
        return isStale ? message : encodeStun({ ...decoded, attributes: decoded.attributes.map(withAnotherNonce) }, { fingerprint: true })
      }
    })
    expectGood(t, await probe(t, at(port)))
    t.equal(staleNonces, 2, 'one an allocation')
  })

  await t.test('a port that had an allocation a moment ago is changed for another', async t => {
    const before = await TurnClient.connect({ host: coturn.address, port: PORT, transport: 'udp', localAddress: '127.0.0.1', ...coturn.credential() })
    const { mappedAddress } = await before.allocate()
    await before.close()
    let mismatches = 0
    const port = await startUdpPath(t, {
      target,
      firstSourcePort: mappedAddress?.port ?? 0,
      pass: message => {
        if (decodeStun(message)?.attributes.some(({ type, value }) => type === AttributeType.errorCode && value.readUInt16BE(2) === 0x0425)) mismatches += 1
        return message
      }
    })
    expectGood(t, await probe(t, at(port)))
    t.equal(mismatches, 1)
  })
}

function withAnotherNonce ({ type, value }: { type: number, value: Buffer }) {
  return { type, value: type === AttributeType.nonce ? Buffer.from(value.toString('latin1').split('').reverse().join(''), 'latin1') : value }
}
