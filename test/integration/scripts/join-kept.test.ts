import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { keepJoined, readJoined, takeUpJoining } from '../../../scripts/native/joined-node.ts'
import { pathsOf } from '../../../scripts/native/paths.ts'
import { readSecret } from '../../../scripts/native/private-files.ts'

const repository = resolve(import.meta.dirname, '../../..')
const answer = { node: 'far-1', region: 'eu', domain: 'example.org', key: 'nk_key', redisUrl: 'rediss://relay-far-1:password@centre:16379', redisCa: 'PEM' }
const chosen = { central: 'https://centre', relayIp: '127.0.0.9', externalIp: null, native: true }
const joined = { node: 'far-1', region: 'eu', domain: 'example.org', redis: 'rediss://relay-far-1@centre:16379', ...chosen }

function newState () {
  const state = mkdtempSync(join(tmpdir(), 'spillway-join-'))
  t.teardown(() => { rmSync(state, { recursive: true, force: true }) })
  return pathsOf(state)
}

t.test('a joining that was killed at any moment after the answer goes on from what it kept', t => {
  const paths = newState()
  const files = paths.node('far-1')
  t.same(keepJoined(paths, answer, chosen), joined)
  t.notOk(existsSync(paths.joinAnswer), 'it is of no use any more')
  for (const lost of [[], [paths.joined], [paths.joined, files.centralCa, files.centralPassword], [paths.nodes, paths.joined]]) {
    writeFileSync(paths.joinAnswer, JSON.stringify({ answer, chosen }), { mode: 0o600 })
    for (const path of lost) rmSync(path, { recursive: true })
    t.same(takeUpJoining(paths), joined)
    t.same(readJoined(paths), joined, 'native is remembered')
    t.same([files.key, files.centralPassword, files.centralCa].map(readSecret), ['nk_key', 'password', 'PEM'])
    t.equal(statSync(files.key).mode & 0o777, 0o600)
    t.equal(takeUpJoining(paths), undefined)
  }
  t.end()
})

t.test('a token for a machine that is a node already is refused, and not spent', async t => {
  const paths = newState()
  keepJoined(paths, answer, chosen)
  const { code, stderr } = await promisify(execFile)(join(repository, 'scripts/join'), ['--native', '--central', 'https://centre.invalid'], {
    env: { PATH: process.env.PATH ?? '', SPILLWAY_STATE_DIR: paths.state, SPILLWAY_JOIN_TOKEN: 'jt_x' }
  }).catch(error => error)
  t.equal(code, 2)
  t.match(stderr, /is far-1 of https:\/\/centre already.*\.\/scripts\/down, move .* away, join again/)
})

t.test('an address that is none, or is another by flag than by setting, is refused before the token is sent anywhere', async t => {
  const join = async (flags: string[], environment: Record<string, string>) => await promisify(execFile)(resolve(repository, 'scripts/join'), ['--native', '--central', 'https://centre.invalid', ...flags], {
    env: { PATH: process.env.PATH ?? '', SPILLWAY_STATE_DIR: newState().state, SPILLWAY_JOIN_TOKEN: 'jt_x', ...environment }
  }).catch(error => error)
  t.match(await join(['--external-ip', '203.0.113.9'], { SPILLWAY_NODE_EXTERNAL_IP: '203.0.113.8' }), { code: 2, stderr: /--external-ip says 203\.0\.113\.9, SPILLWAY_NODE_EXTERNAL_IP 203\.0\.113\.8/ })
  t.match(await join([], { SPILLWAY_NODE_EXTERNAL_IP: '203.0.113' }), { code: 2, stderr: /take an IP address/ })
})
