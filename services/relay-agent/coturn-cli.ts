import { connect } from 'node:net'
import type { Socket } from 'node:net'

export interface CliOptions {
  host: string
  port: number
  password: string
}

const TIMEOUT_MS = 2_000
const PROMPT = /(^|\n)> $/
const PASSWORD_PROMPT = /password:\s*$/

/**
 * coturn's version, from the greeting it gives before it asks for the password.
 * @throws where there is none; with the code ECONNREFUSED nothing listens there
 */
export async function readCoturnVersion ({ host, port }: CliOptions): Promise<string> {
  const socket = open(host, port)
  try {
    const version = /Coturn-(\d+\.\d+\.\d+)/.exec(await readUntil(socket, PASSWORD_PROMPT))?.[1]
    if (version === undefined) throw new Error("coturn's CLI does not say its version")
    return version
  } finally {
    socket.destroy()
  }
}

/** Ends every live allocation (`ps`, then `cs` for each), whereupon coturn publishes their totals. Returns how many there were. */
export async function cancelSessions (options: CliOptions): Promise<number> {
  return await logIn(options, async say => {
    const listing = await say('ps')
    const allocations = [...listing.matchAll(/\bid=(\d{18}), user </g)].map(match => match[1])
    for (const allocation of allocations) await say(`cs ${allocation}`)
    return allocations.length
  })
}

/**
 * Ends these allocations.
 * @param isMeant asked once the connection stands: whether the coturn that answers is the one they are of
 * @returns false where it is not, and nothing was ended
 */
export async function cancelAllocations (options: CliOptions, allocations: readonly string[], isMeant: () => Promise<boolean>): Promise<boolean> {
  return await logIn(options, async say => {
    if (!await isMeant()) return false
    for (const allocation of allocations) await say(`cs ${allocation}`)
    return true
  })
}

async function logIn<T> ({ host, port, password }: CliOptions, work: (say: (line: string) => Promise<string>) => Promise<T>): Promise<T> {
  const socket = open(host, port)
  try {
    await readUntil(socket, PASSWORD_PROMPT)
    await command(socket, password)
    return await work(async line => await command(socket, line))
  } finally {
    socket.destroy()
  }
}

function open (host: string, port: number): Socket {
  const socket = connect({ host, port })
  socket.setEncoding('latin1')
  socket.setTimeout(TIMEOUT_MS, () => { socket.destroy(new Error("coturn's CLI did not answer in time")) })
  // between two reads nobody listens: what breaks then is told by the next
  socket.on('error', () => {})
  return socket
}

async function command (socket: Socket, line: string): Promise<string> {
  socket.write(`${line}\r\n`)
  return await readUntil(socket, PROMPT)
}

function readUntil (socket: Socket, end: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const closed = (): Error => socket.errored ?? new Error("coturn's CLI closed the connection")
    if (socket.destroyed) {
      reject(closed())
      return
    }
    let text = ''
    const settle = (error?: Error) => {
      socket.off('data', onData).off('error', settle).off('close', onClose)
      if (error) reject(error)
      else resolve(text)
    }
    const onClose = () => { settle(closed()) }
    const onData = (chunk: string) => {
      text += chunk
      if (end.test(text)) settle()
    }
    socket.on('data', onData).on('error', settle).on('close', onClose)
  })
}
