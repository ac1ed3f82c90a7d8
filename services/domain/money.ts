/** Money is whole micro-USD, 10^-6 of a dollar. */
export type MicroUsd = bigint

/** 10^-9 of a micro-USD: bytes times micro-USD a gigabyte, so no product loses anything. Rounded once, where it is shown. */
export type ExactCost = bigint

/** A gigabyte is 10^9 bytes, as every provider bills it; 2^30 would be a gibibyte. */
export const BYTES_A_GIGABYTE = 1_000_000_000n

const MICRO_DIGITS = 6
/** Dollars as people write them: at most six decimals, so that no price is cut, and below a billion. */
export const USD_PATTERN = `^(0|[1-9][0-9]{0,8})([.][0-9]{1,${MICRO_DIGITS}})?$`
/** Whole micro-USD as JSON carries them: text, for a number would be cut beyond 2^53. */
export const MICRO_USD_PATTERN = '^(0|[1-9][0-9]{0,14})$'

const usd = new RegExp(USD_PATTERN)

/** @throws RangeError where the text is no such amount */
export function parseUsd (text: string): MicroUsd {
  if (!usd.test(text)) throw new RangeError(`"${text}" is no amount in dollars with at most ${MICRO_DIGITS} decimals`)
  const [whole = '', decimals = ''] = text.split('.')
  return BigInt(whole + decimals.padEnd(MICRO_DIGITS, '0'))
}

/** Dollars with as many decimals as needed, at least two: `0.05`, `-12.000001`. Inverse of parseUsd. */
export function formatUsd (amount: MicroUsd): string {
  const digits = String(amount < 0n ? -amount : amount).padStart(MICRO_DIGITS + 1, '0')
  const decimals = digits.slice(-MICRO_DIGITS).replace(/0{1,4}$/, '')
  return `${amount < 0n ? '-' : ''}${digits.slice(0, -MICRO_DIGITS)}.${decimals}`
}

/** Bytes at a price, without loss. @param bytes a whole number, not negative */
export const costOf = (bytes: number | bigint, microUsdPerGigabyte: MicroUsd): ExactCost => BigInt(bytes) * microUsdPerGigabyte

/** To the nearest micro-USD, half a one up. Of costs only, which are never negative. */
export const roundCost = (cost: ExactCost): MicroUsd => (cost + BYTES_A_GIGABYTE / 2n) / BYTES_A_GIGABYTE

/** To the next micro-USD up: what is set aside must never be less than what it is for. */
export const roundCostUp = (cost: ExactCost): MicroUsd => (cost + BYTES_A_GIGABYTE - 1n) / BYTES_A_GIGABYTE
