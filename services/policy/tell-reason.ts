import type { ProbeCause, ProbeStage } from '../domain/health.ts'
import type { NodeReason } from '../domain/node-state.ts'

const CANNOT: Record<ProbeStage, string> = {
  resolve: 'find the address of',
  connect: 'connect to',
  tls: 'set up TLS with',
  binding: 'get a STUN answer from',
  allocate: 'allocate on',
  permission: 'get a permission on',
  relay: 'get bytes through'
}

const ADVICE: Record<ProbeCause, string> = {
  unresolved: 'mend the DNS record of its host',
  unreachable: 'look at the routes and firewalls on the way to it',
  refused: 'nothing listens there: look whether coturn runs, and at this port',
  closed: 'something on the way closes connections: look at the log of coturn and at what stands before it',
  timeout: 'open its firewall for this port, and look whether coturn hangs',
  certificate_expired: 'renew the certificate in SPILLWAY_COTURN_TLS_CERT',
  certificate_untrusted: 'serve the whole chain in SPILLWAY_COTURN_TLS_CERT, for the name in the URL',
  tls_failed: 'look at SPILLWAY_COTURN_TLS_CERT and SPILLWAY_COTURN_TLS_KEY, and at the log of coturn',
  unauthorized: 'coturn does not know the secret: look at the Redis beside it and at the log of its relay-agent',
  quota: 'raise SPILLWAY_NODE_MAX_ALLOCATIONS, or wait for sessions to end',
  no_ports: 'widen SPILLWAY_COTURN_MIN_PORT to SPILLWAY_COTURN_MAX_PORT, or wait for sessions to end',
  forbidden: 'look at the peers it may reach (SPILLWAY_NODE_ALLOWED_PEERS) and at the log of coturn',
  stun_error: 'look at the log of coturn',
  loss: 'packets are lost on the way: look at the load of the machine and of its network'
}

const percent = (ratio: number): string => `${Math.round(ratio * 100)} %`
const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`
export const isoTime = (atMs: number): string => new Date(atMs).toISOString()

type BadUrl = Extract<NodeReason, { kind: 'url_bad' }>

/** What is to be said of a node, as half sentences, and what to do about each; '' where nothing is. */
export function tellReasons (reasons: readonly NodeReason[]): string {
  const badUrls = reasons.filter(reason => reason.kind === 'url_bad')
  const foundOf = ({ url: _, ...found }: BadUrl): string => JSON.stringify(found)
  return reasons.flatMap(reason => {
    if (reason.kind !== 'url_bad') return [tellReason(reason)]
    const alike = badUrls.filter(other => foundOf(other) === foundOf(reason))
    return alike[0] === reason ? [tellBadUrls(alike)] : []
  }).join('; ')
}

function tellReason (reason: Exclude<NodeReason, BadUrl>): string {
  switch (reason.kind) {
    case 'no_agent': return 'its relay-agent has never spoken: start it, with the key that PUT /admin/v1/nodes/{id} answers'
    case 'no_generation': return 'it has confirmed no secret that is wanted of it: look at the log of its relay-agent and at the Redis beside it'
    case 'no_url': return 'it advertises no URL a browser takes: set SPILLWAY_NODE_PUBLIC_URLS'
    case 'reopening': return 'its drain has ended, and its coturn takes new sessions again within a few seconds'
    case 'draining': return `it has been draining since ${isoTime(reason.sinceMs)}: end the drain to have it back`
    case 'coturn_silent': return 'its relay-agent says that coturn does not answer: look at the log of coturn, and start it by infra/coturn/launch'
    case 'agent_silent': return `its relay-agent has said nothing for ${seconds(reason.quietMs)}: look whether it runs and reaches the central Redis`
    case 'not_probed': return tellNotProbed(reason)
    case 'saturated': return `it is saturated, ${percent(reason.loadRatio)} of what it may carry: add a node, or raise SPILLWAY_NODE_CAPACITY_MBPS or SPILLWAY_NODE_MAX_ALLOCATIONS if the machine can do more`
    case 'slow_start': return `it is new or healed and gets ${percent(reason.share)} of its share so far: nothing to do, it grows by itself`
    case 'address_foreign': return `it says it is at ${reason.addresses.join(' and ')}, where it may not be, so clients of other relays do not reach its own: correct its address, or PATCH /admin/v1/nodes/{id} with "addresses"`
    case 'clock_skew': return `its clock is ${seconds(Math.abs(reason.skewMs))} ${reason.skewMs > 0 ? 'ahead' : 'behind'}, so credentials end ${reason.skewMs > 0 ? 'early' : 'late'} there: have NTP set it`
  }
}

/** Several URLs for which the same probers found the same. */
function tellBadUrls (reasons: readonly BadUrl[]): string {
  const { stage, cause, code, vantages, voters } = reasons[0] as BadUrl
  const found = [code, cause?.replaceAll('_', ' ')].filter(Boolean).join(' ')
  const who = `${vantages.length} of ${voters} ${voters === 1 ? 'prober' : 'probers'}`
  return `${who} cannot ${stage ? CANNOT[stage] : 'use'} ${reasons.map(({ url }) => url).join(' or ')}${found && ` (${found})`}: ${cause ? ADVICE[cause] : 'look at the log of the prober'}`
}

function tellNotProbed ({ silent, blind, unheard }: Extract<NodeReason, { kind: 'not_probed' }>): string {
  const causes = [
    ...silent.length > 0 ? [`nothing new comes from ${silent.join(', ')}`] : [],
    ...blind.length > 0 ? [`nothing at all is reached from ${blind.join(', ')}`] : []
  ]
  if (causes.length === 0 && unheard.length > 0) return `no prober has a vote on it yet, ${unheard.join(', ')} will within seconds: nothing to do`
  return causes.length > 0 ? `no prober has a vote on it, ${causes.join(' and ')}: look at the probers` : 'no prober has a vote on it: start one'
}
