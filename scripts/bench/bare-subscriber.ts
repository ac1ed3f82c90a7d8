import { createServer } from 'node:net'
import { Redis } from 'ioredis'

/**
 * What accounting cannot cost less than: a subscriber that hears the same events and only counts them. Whoever connects
 * to PORT is told how many it has heard.
 */
const { PORT, REDIS_URL = '' } = process.env
let heard = 0
const redis = new Redis(REDIS_URL)
redis.on('pmessage', () => { heard += 1 })
await redis.psubscribe('turn/*')

createServer((socket) => { socket.end(String(heard)) }).listen(Number(PORT), '127.0.0.1')
