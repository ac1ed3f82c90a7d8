import { streamMessageLength } from './stun-values.ts'

/**
 * A function that takes a stream's chunks, cut anywhere, and hands on its messages, padding included; the rest waits for
 * the next chunk. 'garbage' once the stream cannot be read any further.
 */
export function cutMessages (onMessage: (message: Buffer) => void): (chunk: Buffer) => 'garbage' | undefined {
  let unread: Buffer = Buffer.alloc(0)
  return (chunk) => {
    unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk])
    for (;;) {
      const length = streamMessageLength(unread)
      if (length === 'garbage') return length
      if (length === undefined || length > unread.length) return undefined
      const message = unread.subarray(0, length)
      unread = unread.subarray(length)
      onMessage(message)
    }
  }
}
