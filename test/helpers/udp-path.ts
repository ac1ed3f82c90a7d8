import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import type { Test } from 'tap'

export interface UdpPathOptions {
  /** where the path ends */
  target: { address: string, port: number }
  /** What becomes of a message on its way: it, another, or undefined for lost. */
  pass?: (message: Buffer, towards: 'relay' | 'client') => Buffer | undefined
  /** The first client comes from this port of loopback, as behind a NAT that gives it anew. */
  firstSourcePort?: number
}

/** A way over UDP as it is out there: a NAT that loses and changes what it is told to. Resolves with its port on 127.0.0.1. */
export async function startUdpPath (t: Test, { target, pass = message => message, firstSourcePort }: UdpPathOptions): Promise<number> {
  const front = createSocket('udp4')
  const behind = new Map<number, Promise<Socket>>()
  t.teardown(async () => {
    front.close()
    for (const socket of behind.values()) (await socket).close()
  })
  const open = async (client: number, sourcePort: number): Promise<Socket> => {
    const socket = createSocket('udp4')
    socket.on('message', (message) => {
      const passed = pass(message, 'client')
      if (passed) front.send(passed, client, '127.0.0.1')
    })
    socket.bind(sourcePort, '127.0.0.1')
    await once(socket, 'listening')
    return socket
  }
  front.on('message', (message, { port }) => {
    const socket = behind.get(port) ?? open(port, behind.size === 0 ? firstSourcePort ?? 0 : 0)
    behind.set(port, socket)
    const passed = pass(message, 'relay')
    if (passed) socket.then((to) => { to.send(passed, target.port, target.address) }, () => {})
  })
  front.bind(0, '127.0.0.1')
  await once(front, 'listening')
  return front.address().port
}
