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
  /** how long a message takes, in ms; 0: it is passed on at once */
  oneWayMs?: number
}

/** A way over UDP as it is out there: a NAT that loses and changes what it is told to. Resolves with its port on 127.0.0.1. */
export async function startUdpPath (t: Test, { target, pass = message => message, firstSourcePort, oneWayMs = 0 }: UdpPathOptions): Promise<number> {
  const front = createSocket('udp4')
  const behind = new Map<number, Promise<Socket>>()
  const underWay = new Set<NodeJS.Timeout>()
  const carry = (deliver: () => void): void => {
    if (oneWayMs === 0) return deliver()
    const timer = setTimeout(() => {
      underWay.delete(timer)
      deliver()
    }, oneWayMs)
    underWay.add(timer)
  }
  t.teardown(async () => {
    for (const timer of underWay) clearTimeout(timer)
    front.close()
    for (const socket of behind.values()) (await socket).close()
  })
  const open = async (client: number, sourcePort: number): Promise<Socket> => {
    const socket = createSocket('udp4')
    socket.on('message', (message) => {
      const passed = pass(message, 'client')
      if (passed) carry(() => { front.send(passed, client, '127.0.0.1') })
    })
    socket.bind(sourcePort, '127.0.0.1')
    await once(socket, 'listening')
    return socket
  }
  front.on('message', (message, { port }) => {
    const socket = behind.get(port) ?? open(port, behind.size === 0 ? firstSourcePort ?? 0 : 0)
    behind.set(port, socket)
    const passed = pass(message, 'relay')
    if (passed) socket.then((to) => { carry(() => { to.send(passed, target.port, target.address) }) }, () => {})
  })
  front.bind(0, '127.0.0.1')
  await once(front, 'listening')
  return front.address().port
}
