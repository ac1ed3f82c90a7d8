import type { DayBill } from '../domain/bill.ts'
import { ALL_APPS } from '../domain/budget.ts'
import type { ExpectedUse } from '../domain/budget.ts'
import { UNATTRIBUTED, BASIS_NODES, basisOf, rowSuffix } from '../domain/usage.ts'
import { answersOf } from './connect.ts'
import type { Redis } from './connect.ts'
import { centralKeys } from './keys.ts'
import { SPEND_TTL_SECONDS } from './paid-issues.ts'
import { BILLED_FIELD, readLedgerDay, rowName } from './usage-ledger.ts'

/** A bill with what the ledger needs beside it. */
export interface PricedBill extends DayBill {
  /** version of the price of each row, in their order; a row booked before keeps the one it has */
  priceVersions: readonly string[]
  /** what is on it for each app it names, and for all of them under ALL_APPS; undefined where nobody knows */
  microUsd: ReadonlyMap<string, bigint> | undefined
}

/** What we had estimated of a day, in micro-USD, and how many paid credentials it was for. */
export interface DayEstimate {
  microUsd: bigint
  credentials: number
}

/**
 * Puts a provider's word about one day into the ledger, in the place of what it has said before, and what it bills in the
 * place of our estimate in what is spent. Safe to repeat.
 */
export async function writeBill (redis: Redis, bill: PricedBill): Promise<DayEstimate> {
  const { provider, day, rows, isFinal, microUsd } = bill
  const month = day.slice(0, 6)
  const known = await readLedgerDay(redis, day, key => key.provider === provider && basisOf(key) === 'provider')
  const versionBefore = new Map(known.map(({ key }) => [`${key.app} ${key.region}`, key.priceVersion]))
  const names = rows.map((row, index) => {
    const priceVersion = versionBefore.get(`${row.app} ${row.region}`) ?? bill.priceVersions[index] ?? ''
    return `${day}:${rowSuffix({ ...row, provider, node: BASIS_NODES.provider, priceVersion })}`
  })

  const transaction = redis.multi()
  for (const { key } of known) {
    const name = rowName(key)
    if (!names.includes(name)) transaction.del(centralKeys.ledgerRow(name)).srem(centralKeys.ledgerDay(day), name)
  }
  for (const [index, { bytesIn, bytesOut, microUsd }] of rows.entries()) {
    const name = names[index] ?? ''
    transaction.hset(centralKeys.ledgerRow(name), { bytesIn, bytesOut, ...microUsd === undefined ? {} : { [BILLED_FIELD]: String(microUsd) } })
      .sadd(centralKeys.ledgerDay(day), name).zadd(centralKeys.ledgerDays, 0, day)
  }
  if (microUsd) {
    for (const scope of await scopesOf(redis, bill)) {
      transaction.correctSpend(centralKeys.spend(day), centralKeys.spend(month), provider, scope, String(microUsd.get(scope) ?? 0n), isFinal ? 1 : 0, SPEND_TTL_SECONDS.day, SPEND_TTL_SECONDS.month)
    }
  }
  await answersOf(transaction.exec())
  const [estimate, credentials] = await redis.hmget(centralKeys.spend(day), `=${provider}:${ALL_APPS}`, `#${provider}`)
  return { microUsd: BigInt(estimate ?? 0), credentials: Number(credentials ?? 0) }
}

/** Whose spend the bill is about: of all, and of each app where it tells them apart. */
async function scopesOf (redis: Redis, { provider, day, namesApps, microUsd }: PricedBill): Promise<string[]> {
  if (!namesApps) return [ALL_APPS]
  const estimated = (await redis.hkeys(centralKeys.spend(day))).filter(field => field.startsWith(`=${provider}:`)).map(field => field.slice(provider.length + 2))
  return [...new Set([ALL_APPS, ...estimated, ...microUsd?.keys() ?? []])].filter(scope => scope !== UNATTRIBUTED)
}

/** What a credential of this provider is expected to relay from now on. */
export async function writeExpectedUse (redis: Redis, provider: string, use: ExpectedUse): Promise<void> {
  await redis.hset(centralKeys.expectedUse, provider, JSON.stringify(use))
}
