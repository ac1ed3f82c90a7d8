import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import type { Test } from 'tap'
import { until } from '../../scripts/until.ts'

/** What a CLI does with one connection. */
export type CliConduct = (socket: Socket) => void

export const GREETING = 'TURN Server\r\nCoturn-4.18.0 \'Gorst\'\r\n\r\nType \'?\' for help\r\nEnter password:\r\n'

/** Lets in whoever says anything, and does what it is told without a word. */
export const obliging: CliConduct = socket => {
  socket.on('data', () => { socket.write('\r\n> ') })
  socket.write(GREETING)
}

/** Takes connections and says nothing. */
export const silent: CliConduct = () => {}

/** A port that behaves as no coturn can be brought to at a wish: the way each connection is met is `conduct` at that time. Gone with the test. */
export async function startFakeCli (t: Test) {
  const sockets: Socket[] = []
  const fake = { conduct: obliging }
  const server = createServer(socket => {
    sockets.push(socket)
    socket.on('error', () => {})
    fake.conduct(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async (): Promise<void> => {
    if (!server.listening) return
    server.close()
    for (const socket of sockets) socket.destroy()
    await once(server, 'close')
  }
  t.teardown(close)
  const { port } = server.address() as AddressInfo
  return Object.assign(fake, {
    options: { host: '127.0.0.1', port, password: 'password' },
    sockets,
    close,
    /** Resolves once the other side has closed every connection. */
    left: async (): Promise<void> => { await until('all connections are closed', () => sockets.every(({ closed }) => closed)) }
  })
}
