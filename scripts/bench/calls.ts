import type { Redis } from 'ioredis'
import type { Traffic } from '../../services/domain/session.ts'
import type { DerivedKeys } from '../../services/domain/turn-credential.ts'
import { noTraffic } from '../../services/domain/session.ts'
import { mintUserId, userTag } from '../../services/domain/turn-credential.ts'
import { coturnKeys } from '../../services/store/keys.ts'

export const APP = 'bench'
/** Allocations of one relay thread of coturn are numbered from 1, those of the next from here. */
const THREAD = 10 ** 15
const EXPIRES_AT_SECONDS = 1_900_000_000
const STATUS = 'lifetime=600, type=UDP, local=127.0.0.1:3478, remote=127.0.0.1:46518, ssl=NONE, cipher=NONE'
/** coturn reports a session when its four packet counters together have grown by 4096: an even share each way and leg. */
const PACKETS_A_REPORT = 1024
/** Redis takes commands and answers in strides of this, so that neither side piles up. */
const COMMANDS_A_STRIDE = 1000

interface Call {
  /** of coturn's keys and channels */
  name: string
  traffic: Traffic
}

export interface CallsOptions {
  /** on the stats database of the node, as coturn */
  redis: Redis
  realm: string
  keys: DerivedKeys
}

/**
 * Calls as coturn tells of them, in its words and order (src/apps/relay/ns_ioalib_engine_impl.c), all of them at once:
 * what is said at once is said of every call before anything else.
 */
export function createCalls ({ redis, realm, keys }: CallsOptions) {
  let begun = 0
  let events = 0
  /** whose turn it is to report */
  let reported = 0
  let open: Call[] = []
  const total = { sessions: 0, ...noTraffic() }

  async function say (calls: readonly Call[], commandsOf: (call: Call, index: number) => string[][]): Promise<void> {
    let stride: string[][] = []
    const send = async (): Promise<void> => {
      for (const [error] of await redis.pipeline(stride).exec() ?? []) if (error) throw error
      events += stride.filter(([verb]) => verb === 'publish').length
      stride = []
    }
    for (const [index, call] of calls.entries()) {
      stride.push(...commandsOf(call, index))
      if (stride.length >= COMMANDS_A_STRIDE) await send()
    }
    await send()
  }

  return {
    /** messages published so far */
    get events (): number { return events },
    /** what the ledger must say in the end of all calls so far */
    total,

    async begin (count: number): Promise<void> {
      const fresh = Array.from({ length: count }, () => {
        begun += 1
        const user = mintUserId(keys, APP, userTag(keys, APP, `user ${begun}`, () => Buffer.alloc(0)))
        const allocation = String(THREAD + begun).padStart(18, '0')
        return { name: `${coturnKeys.allocationPrefix(realm)}${EXPIRES_AT_SECONDS}:${user}/allocation/${allocation}`, traffic: noTraffic() }
      })
      open = [...open, ...fresh]
      total.sessions += count
      await say(fresh, ({ name }) => status(name, `new ${STATUS}`))
    },

    async refresh (): Promise<void> {
      await say(open, ({ name }) => status(name, `refreshed ${STATUS}`))
    },

    /** One report of each of the next `count` calls, in turn, of a size that differs from call to call. */
    async report (count = open.length): Promise<void> {
      const next = [...open.slice(reported), ...open.slice(0, reported)].slice(0, count)
      reported = (reported + count) % open.length
      await say(next, ({ name, traffic }, index) => {
        const delta = { packetsIn: PACKETS_A_REPORT, bytesIn: PACKETS_A_REPORT * (200 + index % 1000), packetsOut: PACKETS_A_REPORT, bytesOut: PACKETS_A_REPORT * (1200 - index % 1000) }
        for (const sum of [traffic, total]) for (const [field, count] of Object.entries(delta) as Array<[keyof Traffic, number]>) sum[field] += count
        return counted(`${name}/traffic`, delta)
      })
    },

    async end (): Promise<void> {
      await say(open, ({ name, traffic }) => [
        ...counted(`${name}/traffic`, noTraffic()),
        ['del', `${name}/status`, ''],
        ['publish', `${name}/status`, 'deleted'],
        ...counted(`${name}/total_traffic`, traffic)
      ])
      open = []
      reported = 0
    }
  }
}
export type Calls = ReturnType<typeof createCalls>

const status = (name: string, text: string): string[][] => [['set', `${name}/status`, text], ['publish', `${name}/status`, text]]

/** The client's side, and on a channel of its own the peer's, whose packets are the same less the framing. */
const counted = (channel: string, { packetsIn, bytesIn, packetsOut, bytesOut }: Traffic): string[][] => {
  const message = `rcvp=${packetsIn}, rcvb=${bytesIn}, sentp=${packetsOut}, sentb=${bytesOut}`
  return [['publish', channel, message], ['publish', `${channel}/peer`, message]]
}
