import t from 'tap'
import type { Test } from 'tap'
import { ask, startControlPlane } from '../../helpers/control-plane.ts'
import { startRedisServer } from '../../helpers/redis-server.ts'

let apps = 0
const redis = await startRedisServer(t, { variant: 'central' })

/** A control plane whose fleet has a node in each of three regions. */
async function open (t: Test, settings: Record<string, string>) {
  const door = await startControlPlane(t, { redis, settings: { SPILLWAY_REGION_NEIGHBOURS: '{"ap":["us","eu"]}', ...settings } })
  for (const region of ['ap', 'eu', 'us']) await door.addNode(`${region}-1`, { region })
  const key = await door.createApp(`app-${apps += 1}`)
  /** Regions of the nodes of a plan, and who said where the client is. */
  const asked = async (headers: Record<string, string> = {}, body: object = { room: 'r' }) => {
    const { status, body: { clientRegion, nodes, code } } = await ask(`${door.api}/v1/credentials/explain`, 'POST', { token: key, body, headers })
    return status === 200 ? [clientRegion.source, clientRegion.region, nodes[0].region] : code
  }
  return { door, key, asked }
}

t.test('a trusted proxy says where the client is; the request says it better, and who has no say goes by the setting', async t => {
  const { door, key, asked } = await open(t, { SPILLWAY_REGION_HEADER: 'X-Client-Region', SPILLWAY_TRUSTED_PROXIES: '127.0.0.0/8', SPILLWAY_DEFAULT_REGION: 'ap' })
  t.same(await asked({ 'x-client-region': 'eu' }), ['header', 'eu', 'eu'])
  t.same(await asked({ 'X-Client-Region': ' US ' }), ['header', 'us', 'us'])
  t.same(await asked({ 'x-client-region': 'eu' }, { region: 'us' }), ['request', 'us', 'us'])
  for (const value of ['', 'e u', 'eu, us', "eu'; --", 'x'.repeat(33)]) t.same(await asked({ 'x-client-region': value }), ['default', 'ap', 'ap'], value)
  t.same(await asked(), ['default', 'ap', 'ap'])
  const { body } = await door.issue(key, {}, { 'x-client-region': 'us' })
  t.equal(body.region, 'us', 'and credentials are of that region')
  const short = await ask(`${door.api}/turn/credentials`, 'GET', { token: key, headers: { 'x-client-region': 'eu' } })
  t.match(short.body.iceServers[0].urls[0], /:eu-1\./, 'of the short form as well')
})

for (const [what, settings] of [
  ['from a proxy that is not trusted', { SPILLWAY_REGION_HEADER: 'x-client-region', SPILLWAY_TRUSTED_PROXIES: '192.0.2.0/24, 2001:db8::1' }],
  ['where no header is set', { SPILLWAY_TRUSTED_PROXIES: '127.0.0.1' }]
] as const) {
  t.test(`${what} it counts for nothing`, async t => {
    const { asked } = await open(t, settings)
    t.same((await asked({ 'x-client-region': 'us' })).slice(0, 2), ['none', null])
  })
}
