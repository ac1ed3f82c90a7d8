/** Every way a provider can fail, and well. */
export const MODES = [
  'ok',
  // an error, in the form of the provider; html-error as a proxy before it would say it
  'server-error', 'html-error', 'bad-request', 'unauthorized', 'forbidden', 'not-found', 'rate-limited', 'rate-limited-bare', 'redirect',
  // the connection: no answer, a late one, one that drips, one that stops half way (a 401 as well), one that is cut off
  'hang', 'slow', 'trickle', 'stall', 'stalled-refusal', 'reset',
  // a good status and a bad reply
  'malformed', 'nulls', 'missing-list', 'empty-list', 'unusable-urls', 'stun-only', 'short-ttl', 'huge-body',
  // a good reply in an older dialect
  'older-shape'
] as const
export type Mode = typeof MODES[number]

export interface Behaviour {
  mode: Mode
  /** so many requests are answered so, then all is well; null: until told otherwise */
  times: number | null
  /** for rate-limited */
  retryAfterSeconds: number
  /** for slow */
  delayMs: number
  /** for short-ttl */
  ttlSeconds: number
}

export const WELL: Behaviour = { mode: 'ok', times: null, retryAfterSeconds: 2, delayMs: 500, ttlSeconds: 5 }

/** Statuses of the modes that are an error and nothing else. */
export const STATUS_OF: Partial<Record<Mode, number>> = {
  'server-error': 500, 'bad-request': 400, unauthorized: 401, forbidden: 403, 'not-found': 404, 'rate-limited': 429, 'rate-limited-bare': 429
}

/** What is said over HTTP may be anything. @throws with what is wrong */
export function readBehaviour (asked: Partial<Record<keyof Behaviour, unknown>>): Behaviour {
  const behaviour = { ...WELL, ...asked } as Behaviour
  if (!MODES.includes(behaviour.mode)) throw new Error(`there is no mode "${behaviour.mode}": ${MODES.join(', ')}`)
  for (const name of ['retryAfterSeconds', 'delayMs', 'ttlSeconds'] as const) {
    if (!Number.isInteger(behaviour[name]) || behaviour[name] < 0 || behaviour[name] > 86_400) throw new Error(`${name} takes a whole number`)
  }
  if (behaviour.times !== null && !(Number.isInteger(behaviour.times) && behaviour.times > 0)) throw new Error('times takes a number above 0, or null')
  return behaviour
}
