import type { ProbeFailure, ProbeStage, UrlProbe } from '../domain/health.ts'
import { CertificateFailure } from '../turn/tls-certificate.ts'
import { parseServerUrl, type ServerUrl } from '../turn/turn-url.ts'
import { unlessAborted } from '../turn/unless-aborted.ts'
import { cameFromThere, classifyFailure, ProbeTimeout } from './classify-failure.ts'
import { measureRelay, type RelayEnd } from './measure-relay.ts'
import { ProbeClient } from './probe-client.ts'

/** Kept back from the deadline for the release of the allocations: what a far-away relay needs to answer. */
const RELEASE_MS = 400
/** Of it for closing the sockets, on a machine that is busy and lets timers wait. */
const MARGIN_MS = 100
/**
 * More than two in ten lost is a failure. A way that loses 5 % of its round trips, which a call survives, loses three of
 * ten once in 87 probes, and one bad probe is not yet a bad URL; one that loses half of them is caught in 94 of 100.
 */
const TOLERATED_LOSS = 0.2

/** As many round trips of Binding without one packet back are silence of the relay, fewer are a probe that ran out of time. */
const TRIPS_WAITED = 3

export interface ProbeUrlOptions {
  /** a stun:, stuns:, turn: or turns: URI */
  url: string
  /** without one, and at stun: URLs, only Binding is probed */
  credential: { username: string, password: string } | undefined
  /** for all of it, the release of the allocations included */
  deadlineMs: number
  /** PEM of certificate authorities trusted beside the usual ones */
  ca: string | undefined
  /** a clock in ms that only goes forward */
  now: () => number
}

interface Run extends ProbeUrlOptions {
  server: ServerUrl
  /** what is under way, or was when it failed */
  stage: ProbeStage
  found: UrlProbe
  ends: ProbeClient[]
  /** aborts when the time for probing is up: what is under way has timed out */
  signal: AbortSignal
}

const NOTHING_FOUND = { failure: null, answered: false, bindingMs: null, allocateMs: null, relayMs: null, packetsSent: 0, packetsReceived: 0, certificateExpiresAtMs: null }

/**
 * Probes one URL of a relay as a browser would use it: Binding, then two allocations that talk to each other through it.
 * Never rejects, and never takes longer than its deadline; its allocations are released and its sockets closed by then.
 * A URL that cannot be read has the failure of a name that does not resolve.
 */
export async function probeUrl (options: ProbeUrlOptions): Promise<UrlProbe> {
  const { url, deadlineMs, now } = options
  const begun = now()
  const found: UrlProbe = { url, ...NOTHING_FOUND }
  const server = parseServerUrl(url)
  if (server === undefined) return { ...found, failure: { stage: 'resolve', cause: 'unresolved', code: null } }

  const late = new AbortController()
  const timer = setTimeout(() => { late.abort() }, deadlineMs - Math.min(RELEASE_MS, deadlineMs / 4))
  const run: Run = { ...options, server, stage: 'resolve', found, ends: [], signal: late.signal }
  try {
    found.failure = await walk(run)
  } catch (error) {
    found.failure = classifyFailure(run.stage, error)
    found.answered ||= cameFromThere(found.failure)
    if (error instanceof CertificateFailure) found.certificateExpiresAtMs = error.certificate.expiresAtMs
  }
  clearTimeout(timer)
  const graceMs = Math.max(0, deadlineMs - MARGIN_MS - (now() - begun))
  await Promise.all(run.ends.map(async (end) => { await end.leave(graceMs) }))
  return found
}

/** Stage by stage; rejects with the client's error where one fails. Resolves with what the packets say. */
async function walk (run: Run): Promise<ProbeFailure | null> {
  const { found, server, credential } = run
  const relays = credential !== undefined && server.scheme.startsWith('turn')
  const [near, far] = await all(Array.from({ length: relays ? 2 : 1 }, async () => await open(run)))
  found.answered = server.transport !== 'udp'
  found.certificateExpiresAtMs = near?.client.certificate?.expiresAtMs ?? null

  const binding = timed(run, 'bindingMs', async () => { await near?.binding() })
  // Asked at the same time: from far away the deadline is short in round trips, and each one spared is a region more in reach.
  const allocating = near === undefined || far === undefined ? undefined : all([timed(run, 'allocateMs', async () => await near.allocate()), far.allocate()])
  allocating?.catch(() => {}) // told below, unless Binding has failed before
  await at(run, 'binding', binding)
  found.answered = true
  if (allocating === undefined) return null

  const [a, b] = await at(run, 'allocate', allocating)
  if (a === undefined || b === undefined) return null
  await at(run, 'permission', all([
    a.client.createPermission(b.relayed.address),
    b.client.createPermission(a.relayed.address)
  ]))
  return await relay(run, a, b)
}

async function relay (run: Run, near: RelayEnd, far: RelayEnd): Promise<ProbeFailure | null> {
  const { found, signal, now } = run
  run.stage = 'relay'
  const begun = now()
  const { sent, roundTripsMs, closed } = await measureRelay(near, far, signal, now)
  found.packetsSent = sent
  found.packetsReceived = roundTripsMs.length
  found.relayMs = roundTripsMs.sort((a, b) => a - b)[Math.floor(roundTripsMs.length / 2)] ?? null
  if (closed) return { stage: 'relay', cause: 'closed', code: null }
  const lost = sent - roundTripsMs.length
  if (sent > 0 && lost <= sent * TOLERATED_LOSS) return null
  // Through both allocations and back takes two round trips to the relay: who is too far away has not seen a loss.
  const tooLate = roundTripsMs.length === 0 && now() - begun < TRIPS_WAITED * (found.bindingMs ?? 0)
  return { stage: 'relay', cause: sent === 0 || tooLate ? 'timeout' : 'loss', code: null }
}

async function open ({ server, credential, ca, signal, deadlineMs, ends }: Run): Promise<ProbeClient> {
  const login = credential ?? { username: '', password: '' }
  const end = await ProbeClient.open({ ...server, ...login, ca, signal, requestTimeoutMs: deadlineMs })
  ends.push(end)
  return end
}

/** All of them, and none still at work when one has failed: what it opens or allocates would not be left. */
async function all<Result> (works: Array<Promise<Result>>): Promise<Result[]> {
  await Promise.allSettled(works)
  return await Promise.all(works)
}

/** The opening of a leg heeds the signal by itself. Requests do not, since the release has to be sent behind it. */
async function at<Result> (run: Run, stage: ProbeStage, work: Promise<Result>): Promise<Result> {
  run.stage = stage
  return await unlessAborted(work, run.signal, () => new ProbeTimeout())
}

async function timed<Result> ({ found, now }: Run, what: 'bindingMs' | 'allocateMs', work: () => Promise<Result>): Promise<Result> {
  const begun = now()
  const result = await work()
  found[what] = now() - begun
  return result
}
