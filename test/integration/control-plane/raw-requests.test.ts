import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import type { Test } from 'tap'
import { until } from '../../../scripts/until.ts'
import { ADMIN_TOKEN, startControlPlane } from '../../helpers/control-plane.ts'

const door = await startControlPlane(t)
const key = await door.createApp('shop')

/** A connection of bytes: what is sent is sent as it stands. */
async function dial (t: Test, port: number) {
  const socket = connect({ host: '127.0.0.1', port })
  t.teardown(() => { socket.destroy() })
  let text = ''
  let open = true
  socket.setEncoding('latin1').on('data', (data: string) => { text += data })
  socket.on('error', () => {}).on('close', () => { open = false })
  await once(socket, 'connect')
  return {
    socket,
    get text () { return text },
    get open () { return open },
    /** the answer so far, in parts; a problem closes its body with a brace */
    answer: async (deadlineMs = 5_000) => {
      await until('it is answered in full', () => /\r\n\r\n.*\}$/s.test(text), deadlineMs)
      const [head = '', body = ''] = text.split('\r\n\r\n')
      return { status: Number(head.split(' ')[1]), head, body: JSON.parse(body) }
    }
  }
}

const POST = 'POST /v1/credentials HTTP/1.1\r\nHost: spillway\r\n'
const auth = `Authorization: Bearer ${key}\r\n`
const json = 'Content-Type: application/json\r\n'
const whole = `${POST}${auth}${json}Content-Length: 2\r\n\r\n{}`

const refused: Array<[what: string, sent: string, status: number, code: string]> = [
  ['two Authorization headers', `${POST}${auth}${auth}\r\n`, 400, 'invalid_request'],
  ['the same in two ways of writing', `${POST}${auth}aUTHORIZATION: Bearer other\r\n\r\n`, 400, 'invalid_request'],
  ['two Content-Types', `${POST}${auth}${json}Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}`, 400, 'invalid_request'],
  ['two Hosts', `${POST}${auth}Host: other\r\n\r\n`, 400, 'invalid_request'],
  ['two Origins', `${POST}${auth}Origin: https://a.example\r\nOrigin: https://b.example\r\n\r\n`, 400, 'invalid_request'],
  ['no Host', `POST /v1/credentials HTTP/1.1\r\n${auth}\r\n`, 400, 'invalid_request'],
  ['two Content-Lengths', `${POST}${auth}${json}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`, 400, 'invalid_request'],
  ['a Content-Length that is none', `${POST}${auth}${json}Content-Length: x\r\n\r\n{}`, 400, 'invalid_request'],
  ['a negative Content-Length', `${POST}${auth}${json}Content-Length: -1\r\n\r\n{}`, 400, 'invalid_request'],
  ['a Content-Length beyond all numbers', `${POST}${auth}${json}Content-Length: ${'9'.repeat(30)}\r\n\r\n{}`, 400, 'invalid_request'],
  ['a Content-Length of a petabyte', `${POST}${auth}${json}Content-Length: 1000000000000000\r\n\r\n{}`, 413, 'body_too_large'],
  ['a length said in two ways', `${POST}${auth}${json}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400, 'invalid_request'],
  ['a transfer encoding we do not know', `${POST}${auth}${json}Transfer-Encoding: gzip\r\n\r\n`, 400, 'invalid_request'],
  ['a chunk that says no size', `${POST}${auth}${json}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`, 400, 'invalid_request'],
  ['chunks beyond 64 KiB', `${POST}${auth}${json}Transfer-Encoding: chunked\r\n\r\n14000\r\n${'x'.repeat(0x14000)}\r\n0\r\n\r\n`, 413, 'body_too_large'],
  ['headers beyond 16 KiB', `${POST}X-Long: ${'x'.repeat(17_000)}\r\n\r\n`, 431, 'headers_too_large'],
  ['a path beyond 16 KiB', `GET /${'x'.repeat(17_000)} HTTP/1.1\r\nHost: spillway\r\n\r\n`, 431, 'headers_too_large'],
  ['a header with a line feed', `${POST}X-Bad: a\nb\r\n\r\n`, 400, 'invalid_request'],
  ['a header without a name', `${POST}: x\r\n\r\n`, 400, 'invalid_request'],
  ['a folded header', `${POST}X-Folded: a\r\n b\r\n\r\n`, 400, 'invalid_request'],
  ['a method nobody knows', 'STEAL /v1/credentials HTTP/1.1\r\nHost: spillway\r\n\r\n', 400, 'invalid_request'],
  ['a version of HTTP to come', 'GET /turn/status HTTP/9.9\r\nHost: spillway\r\n\r\n', 400, 'invalid_request'],
  ['HTTP/2 without asking', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'invalid_request'],
  ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', 400, 'invalid_request'],
  ['what some SIP client says', 'OPTIONS sip:x@spillway SIP/2.0\r\n\r\n', 400, 'invalid_request'],
  ['the address of another host', 'GET http://other.example/turn/nothing HTTP/1.1\r\nHost: other.example\r\n\r\n', 404, 'not_found'],
  ['a tunnel', 'CONNECT other.example:443 HTTP/1.1\r\nHost: other.example\r\n\r\n', 400, 'invalid_request'],
  ['a method that is HTTP and not ours', 'PROPFIND /turn/status HTTP/1.1\r\nHost: spillway\r\n\r\n', 404, 'not_found'],
  ['an echo', 'TRACE /turn/status HTTP/1.1\r\nHost: spillway\r\n\r\n', 404, 'not_found']
]
for (const [server, port] of [['the public port', door.apiPort], ['the ops port', door.opsPort]] as const) {
  t.test(`${server} answers what is no good request with a problem, and closes or goes on`, async t => {
    for (const [what, sent, status, code] of refused) {
      // what only the public API could find wrong behind a right key, the ops port finds behind a right token
      const own = server === 'the ops port' ? sent.replaceAll(auth, `Authorization: Bearer ${ADMIN_TOKEN}\r\n`).replace('/v1/credentials', '/admin/v1/apps') : sent
      const line = await dial(t, port)
      line.socket.write(own, 'latin1')
      const answer = await line.answer().catch(error => ({ status: 0, head: line.text, body: String(error) }))
      t.match(answer, { status, head: /content-type: application\/problem\+json/i, body: { type: 'about:blank', status, code, detail: /./ } }, what)
      t.match(answer.head, /cache-control: no-store/i, what)
      line.socket.destroy()
    }
  })
}

t.test('an expectation nobody can meet is passed over, as it may be (RFC 9110, 10.1.1)', async t => {
  const line = await dial(t, door.apiPort)
  line.socket.write(`${POST}${auth}Expect: a-miracle\r\n${json}Content-Length: 2\r\n\r\n{}`)
  t.equal((await line.answer()).status, 201)
  const polite = await dial(t, door.apiPort)
  polite.socket.write(`${POST}${auth}Expect: 100-continue\r\n${json}Content-Length: 2\r\n\r\n`)
  await until('it is told to go on', () => polite.text.startsWith('HTTP/1.1 100 Continue\r\n\r\n'))
  polite.socket.write('{}')
  await until('it is answered', () => polite.text.includes('HTTP/1.1 201 Created'))
})

t.test('two requests in one breath get two answers, in their order', async t => {
  const line = await dial(t, door.apiPort)
  line.socket.write(`${whole}GET /nothing HTTP/1.1\r\nHost: spillway\r\nConnection: close\r\n\r\n`)
  await until('both are answered', () => !line.open)
  t.match(line.text, /^HTTP\/1\.1 201 .*HTTP\/1\.1 404 /s)
})

const slow = [
  ['whose body stops short', `${POST}${auth}${json}Content-Length: 100\r\n\r\n{"user":`],
  ['whose chunks stop short', `${POST}${auth}${json}Transfer-Encoding: chunked\r\n\r\n5\r\n{"use\r\n`],
  ['whose headers stop short', `${POST}X-Slow: `]
] as const
t.test('a request that does not arrive in time is answered 408 and cut off, trickle or not', async t => {
  await Promise.all([door.apiPort, door.opsPort].flatMap(port => slow.map(async ([what, sent]) => {
    const line = await dial(t, port)
    const began = performance.now()
    line.socket.write(port === door.apiPort ? sent : sent.replace(auth, `Authorization: Bearer ${ADMIN_TOKEN}\r\n`).replace('/v1/credentials', '/admin/v1/apps'))
    // each byte is progress of a kind, and must not buy more time
    const trickle = setInterval(() => { if (!what.includes('chunks')) line.socket.write('x') }, 1_000)
    try {
      const answer = await line.answer(14_000)
      t.match(answer, { status: 408, head: /connection: close/i, body: { code: 'request_timeout', status: 408 } }, what)
      const tookMs = performance.now() - began
      t.ok(tookMs > 9_000 && tookMs < 13_000, `${what}: after ${Math.round(tookMs)} ms`)
      await until('it is cut off', () => !line.open)
    } finally {
      clearInterval(trickle)
    }
  })))
})

t.test('who sends far too much reads the answer, and who never ends is cut off', async t => {
  const [head, size] = [`${POST}${auth}${json}`, 4 << 20]
  for (let again = 0; again < 10; again++) {
    for (const sent of [`${head}Content-Length: ${size}\r\n\r\n${'x'.repeat(size)}`, `${head}Transfer-Encoding: chunked\r\n\r\n${size.toString(16)}\r\n${'x'.repeat(size)}\r\n0\r\n\r\n`]) {
      const line = await dial(t, door.apiPort)
      line.socket.write(sent)
      t.match(await line.answer(), { status: 413, body: { code: 'body_too_large' } })
      line.socket.destroy()
    }
  }
  const endless = await dial(t, door.apiPort)
  endless.socket.write(`${head}Content-Length: 1000000000000000\r\n\r\n`)
  const more = setInterval(() => { endless.socket.write('x'.repeat(1_000)) }, 100)
  await until('it is cut off', () => !endless.open, 14_000).finally(() => { clearInterval(more) })
  t.match(endless.text, /^HTTP\/1\.1 413 /)
})

t.test('a caller that goes away in the middle leaves nothing behind', async t => {
  for (let number = 0; number < 50; number++) {
    const line = await dial(t, door.apiPort)
    line.socket.write(`${POST}${auth}${json}Content-Length: 100\r\n\r\n{"user":`)
    if (number % 2 === 0) line.socket.resetAndDestroy()
    else line.socket.destroy()
  }
  t.equal((await door.issue(key)).status, 201)
  t.equal(await door.metric('spillway_problems_total', 'code="internal"'), 0)
  t.ok(door.running)
  t.notMatch(door.log, /"level":(50|60)/)
  t.notOk(door.log.includes(key) || door.log.includes(ADMIN_TOKEN), 'and nobody wrote down a key')
})

t.test('a tunnel asked for and dropped ends nothing, and one held open is closed', async t => {
  const ports = [door.api, door.ops].map(url => Number(new URL(url).port))
  for (const port of ports) {
    for (let attempt = 0; attempt < 20; attempt++) {
      const { socket } = await dial(t, port)
      socket.write('CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', () => { socket.resetAndDestroy() })
      await once(socket, 'close')
    }
    const held = await dial(t, port)
    held.socket.write('CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n')
    await until('it is closed', () => !held.open)
  }
  t.equal((await door.issue(key)).status, 201, 'it serves as before')
  t.ok(door.running)
})
