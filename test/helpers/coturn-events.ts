import type { Redis } from '../../services/store/connect.ts'

/** As coturn counts, from the server's side: `rcv` came from the client, `sent` went to it. */
export interface Counters {
  rcvp: number
  rcvb: number
  sentp: number
  sentb: number
}

const payload = ({ rcvp, rcvb, sentp, sentb }: Counters): string => `rcvp=${rcvp}, rcvb=${rcvb}, sentp=${sentp}, sentb=${sentb}`
const PEER = payload({ rcvp: 1, rcvb: 999_999, sentp: 1, sentb: 999_999 })
const ENDPOINTS = 'type=UDP, local=127.0.0.1:33478, remote=127.0.0.1:46518, ssl=NONE, cipher=NONE'

/**
 * Says what coturn says of one allocation, in its words and order (src/apps/relay/ns_ioalib_engine_impl.c,
 * turn_report_allocation_set and turn_report_session_usage). `redis` is on the stats database.
 */
export function coturnAllocation (redis: Redis, realm: string, username: string, allocation: string) {
  const name = `turn/realm/${realm}/user/${username}/allocation/${allocation}`
  const status = async (text: string) => {
    await redis.pipeline().set(`${name}/status`, text).publish(`${name}/status`, text).exec()
  }
  const traffic = (delta: Counters) =>
    redis.pipeline().publish(`${name}/traffic`, payload(delta)).publish(`${name}/traffic/peer`, PEER)
  return {
    begin: async () => { await status(`new lifetime=600, ${ENDPOINTS}`) },
    refresh: async (lifetimeSeconds = 600) => { await status(`refreshed lifetime=${lifetimeSeconds}, ${ENDPOINTS}`) },
    /** also what a stranger who only claims this name can make coturn say */
    traffic: async (delta: Counters) => { await traffic(delta).exec() },
    /** `deleted` alone, as when the rest is cut off */
    delete: async () => {
      await redis.pipeline().del(`${name}/status`, '').publish(`${name}/status`, 'deleted').exec()
    },
    end: async (lastDelta: Counters, total: Counters) => {
      await traffic(lastDelta)
        .del(`${name}/status`, '')
        .publish(`${name}/status`, 'deleted')
        .publish(`${name}/total_traffic`, payload(total))
        .publish(`${name}/total_traffic/peer`, PEER)
        .exec()
    }
  }
}
