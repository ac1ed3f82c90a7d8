import type { KeyObject } from 'node:crypto'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { REGION_PATTERN } from '../domain/node.ts'
import { parseUsername } from '../domain/turn-credential.ts'
import type { BookedRow } from '../store/usage-ledger.ts'

/** Far above what one session can relay, far below where the ledger's 64-bit sums would overflow. */
const Count = Type.Integer({ minimum: 0, maximum: 2 ** 50 })
const Batch = Compile(Type.Object({
  region: Type.String({ pattern: REGION_PATTERN }),
  rows: Type.Array(Type.Object({
    boot: Type.String({ pattern: '^[A-Za-z0-9-]{1,64}$' }),
    allocation: Type.String({ pattern: '^[0-9]{18}$' }),
    username: Type.String({ maxLength: 512 }),
    state: Type.Union([Type.Literal('open'), Type.Literal('closed'), Type.Literal('lost')]),
    startedAtMs: Count,
    atMs: Count,
    packetsIn: Count,
    bytesIn: Count,
    packetsOut: Count,
    bytesOut: Count
  }), { maxItems: 1000 })
}))

export interface ReadBatch {
  rows: BookedRow[]
  /** rows whose username was minted with none of our keys: dropped, never booked to anyone */
  forged: number
}

/**
 * Reads one batch of an agent and proves every row's username. A node's clock may run ahead; no row is booked to an
 * hour that has not begun.
 * @param priceVersionOf version of the price its bytes are booked under
 * @throws where the batch is no batch: it is from a broken or foreign sender
 */
export function readBatch (json: string, nameKeys: readonly KeyObject[], priceVersionOf: (provider: string, region: string) => string, nowMs: number): ReadBatch {
  const batch: unknown = JSON.parse(json)
  if (!Batch.Check(batch)) throw new Error('not a usage batch')
  const { region, rows } = batch as Static<ReturnType<typeof Batch.Type>>
  const read: ReadBatch = { rows: [], forged: 0 }
  const priceVersion = priceVersionOf('coturn', region)
  for (const { username, ...row } of rows) {
    const identity = parseUsername(nameKeys, username)
    if (!identity) {
      read.forged += 1
      continue
    }
    read.rows.push({
      ...row,
      atMs: Math.min(row.atMs, nowMs),
      app: identity.app,
      userTag: identity.userTag,
      expiresAtSeconds: Number.parseInt(username),
      provider: 'coturn',
      region,
      priceVersion
    })
  }
  return read
}
