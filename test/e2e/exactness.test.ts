import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { until } from '../../scripts/until.ts'
import { callersOf, expectExact, ledgerSessions, release, startCall, startCalls, talk, vanish } from '../helpers/calls.ts'
import { sum, tagOf } from '../helpers/counts.ts'
import { startStack } from '../helpers/stack.ts'
import { listenToCoturn } from '../helpers/witness.ts'

const stack = await startStack(t, { slot: 1, environment: { SPILLWAY_COTURN_MAX_LIFETIME: '20' } })
const witness = await listenToCoturn(t, stack)

t.test('short sessions, 10 packets each way, over udp and tcp, ended by a refresh of 0', async t => {
  const key = await stack.createApp('short')
  const calls = [...await startCalls(stack, key, 3), ...await startCalls(stack, key, 3, { transport: 'tcp' })]
  await talk(calls, 10, 101)
  await release(callersOf(calls))
  await expectExact(t, stack, 'short', callersOf(calls), witness, 'ten packets')
})

t.test('50 sessions in parallel, long enough for several reports of coturn each', async t => {
  const key = await stack.createApp('parallel')
  const calls = await startCalls(stack, key, 25)
  await talk(calls, 3000)
  t.ok((await ledgerSessions(stack, 'parallel', 'open')).some(({ bytesIn }) => bytesIn > 0), 'the ledger grows while the calls last')
  await release(callersOf(calls))
  await expectExact(t, stack, 'parallel', callersOf(calls), witness, '50 at once')
})

t.test('clients that close their TCP connection without a word', async t => {
  const key = await stack.createApp('tcp-close')
  const calls = await startCalls(stack, key, 5, { transport: 'tcp' })
  await talk(calls, 500, 333)
  await vanish(callersOf(calls))
  await expectExact(t, stack, 'tcp-close', callersOf(calls), witness, 'TCP close')
})

t.test('clients that vanish: counted when their allocation expires', async t => {
  const key = await stack.createApp('vanished')
  const calls = await startCalls(stack, key, 5)
  await talk(calls, 300)
  await vanish(callersOf(calls))
  await expectExact(t, stack, 'vanished', callersOf(calls), witness, 'vanished')
})

t.test('sessions ended by an operator at the CLI', async t => {
  const key = await stack.createApp('cancelled')
  const calls = await startCalls(stack, key, 3)
  await talk(calls, 100)
  await cancelAll(stack.ports.api + 20, await stack.read('nodes', 'node-1', 'cli-password'))
  await expectExact(t, stack, 'cancelled', callersOf(calls), witness, 'cs')
  await vanish(callersOf(calls))
})

t.test("coturn's own load client: the ledger equals its totals", async t => {
  const key = await stack.createApp('uclient')
  const { body } = await stack.issue(key, { user: 'uclient' })
  const { username, credential } = body.iceServers[0]
  const client = spawn('turnutils_uclient', ['-y', '-u', username, '-w', credential, '-m', '6', '-n', '200', '-l', '170', '-z', '5', '-c', '-p', String(stack.ports.coturn), `${stack.network}.1`], { stdio: 'ignore' })
  const [code] = await once(client, 'exit')
  t.equal(code, 0)
  await until('its sessions have ended', async () => (await ledgerSessions(stack, 'uclient', 'open')).length === 0 && (await ledgerSessions(stack, 'uclient', 'ended')).length >= 6, 40_000)
  const sessions = await ledgerSessions(stack, 'uclient', 'ended')
  t.ok(sessions.every(({ userTag, state }) => userTag === tagOf(username) && state === 'closed'))
  const booked = sum(sessions)
  t.ok(booked.bytesIn > 100_000, `${booked.bytesIn} bytes`)
  t.same(booked, witness.sumOf(tagOf(username)))
  t.equal(sessions.length, witness.totals.get(tagOf(username))?.length)
})

t.test('an app that relays nothing is charged its control messages and no more', async t => {
  const key = await stack.createApp('idle')
  const call = await startCall(stack, key)
  await release(callersOf([call]))
  await expectExact(t, stack, 'idle', callersOf([call]), witness, 'allocate and leave')
})

t.test('no log of this run holds a secret', stack.searchLogs)

async function cancelAll (port: number, password: string): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port })
  socket.setEncoding('latin1')
  let text = ''
  socket.on('data', (chunk: string) => { text += chunk })
  const answered = async (what: string, end: RegExp) => {
    await until(what, () => end.test(text))
    const answer = text
    text = ''
    return answer
  }
  const say = (line: string) => socket.write(`${line}\r\n`)
  await answered('the CLI asks for its password', /password:\s*$/)
  say(password)
  await answered('the CLI lets us in', /> $/)
  say('ps')
  const listing = await answered('the sessions are listed', /Total sessions: \d+\s+> $/)
  for (const [, allocation] of listing.matchAll(/id=(\d{18}),/g)) {
    say(`cs ${allocation}`)
    await answered(`${allocation} is cancelled`, /> $/)
  }
  socket.destroy()
}
