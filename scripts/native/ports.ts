import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { basename } from 'node:path'
import { OperatorError } from './operator-error.ts'
import type { PortUse } from './part.ts'

/** Throws where a part could not listen, with what to do about it; nothing is left open. @throws OperatorError */
export async function checkPorts (part: string, ports: readonly PortUse[]): Promise<void> {
  for (const use of ports) {
    const code = await tryToListen(use)
    if (code === undefined) continue
    const place = `${use.protocol} port ${use.port} on ${use.host}`
    throw new OperatorError(`${part} cannot start: ${explain(code, place, use)} What was started keeps running; the same command goes on from here.`)
  }
}

function explain (code: string, place: string, use: PortUse): string {
  switch (code) {
    case 'EADDRINUSE': return `${place} is taken${heldBy(use)}: set ${use.variable} to a free one, or stop what holds it.`
    case 'EADDRNOTAVAIL': return `${use.host} is not an address of this machine: choose one that is (--bind, SPILLWAY_NODE_NETWORK).`
    case 'EACCES': return `${place} is not open to this user: set ${use.variable} to one above 1023.`
    default: return `nothing can listen on ${place} (${code}): see ${use.variable}.`
  }
}

/** The error code, or undefined if all is well. */
export async function tryToListen ({ host, port, protocol }: Omit<PortUse, 'variable'>): Promise<string | undefined> {
  const socket = protocol === 'tcp' ? createServer() : createSocket(host.includes(':') ? 'udp6' : 'udp4')
  try {
    const listening = once(socket, 'listening')
    if ('listen' in socket) socket.listen(port, host)
    else socket.bind(port, host)
    await listening
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown error'
  }
  const closed = once(socket, 'close')
  socket.close()
  await closed
  return undefined
}

/** TCP_LISTEN, and the state of an unconnected UDP socket (net/tcp_states.h). */
const LISTENING = { tcp: '0A', udp: '07' }

/** ` by turnserver, pid 12` where /proc tells, which of other users' processes it does only to root. */
function heldBy ({ port, protocol }: PortUse): string {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const sockets = new Set<string>()
  for (const table of [protocol, `${protocol}6`]) {
    for (const line of tryTo(() => readFileSync(`/proc/net/${table}`, 'utf8').split('\n').slice(1)) ?? []) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/)
      if (local?.endsWith(suffix) && state === LISTENING[protocol]) sockets.add(`socket:[${inode}]`)
    }
  }
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const files = tryTo(() => readdirSync(`/proc/${pid}/fd`)) ?? []
    if (files.some((file) => sockets.has(tryTo(() => readlinkSync(`/proc/${pid}/fd/${file}`)) ?? ''))) {
      const command = tryTo(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split(/[\0 ]/)[0]) || 'a process'
      return ` by ${basename(command)}, pid ${pid}`
    }
  }
  return ''
}

/** Processes end while they are looked at. */
function tryTo<Result> (look: () => Result): Result | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}
