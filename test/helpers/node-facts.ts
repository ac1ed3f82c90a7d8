import type { NodeHealth, ProbeFailure, UrlState } from '../../services/domain/health.ts'
import { newDesired } from '../../services/domain/node.ts'
import type { DesiredNode, NodeFacts, ObservedNode } from '../../services/domain/node.ts'

export const UDP = 'turn:192.0.2.1:3478?transport=udp'
export const TCP = 'turn:192.0.2.1:3478?transport=tcp'
export const TIMEOUT: ProbeFailure = { stage: 'binding', cause: 'timeout', code: null }

export const observedNode = (differs: Partial<ObservedNode> = {}): ObservedNode => ({
  beat: 1,
  clockMs: 0,
  region: 'eu',
  relayIps: ['192.0.2.1'],
  urls: [UDP, TCP],
  capacityBitsPerSecond: 1000,
  maxAllocations: 10,
  coturnVersion: '4.17.1',
  boot: 'b',
  sessions: 0,
  loadBitsPerSecond: 0,
  interfaceBitsPerSecond: null,
  generationsApplied: [1],
  outboxPending: 0,
  gaps: 0,
  ...differs
})

/** What Redis holds of a node; null: no agent has spoken. */
export const nodeFacts = (id: string, observed: Partial<ObservedNode> | null = {}, desired: Partial<DesiredNode> = {}): NodeFacts =>
  ({ id, desired: { ...newDesired('k'), ...desired }, observed: observed && observedNode(observed) })

/** What a prober says, by URL; `failure` of those that are bad. */
export const healthOf = (states: Record<string, UrlState>, failure: ProbeFailure = TIMEOUT, differs: Partial<NodeHealth> = {}): NodeHealth => ({
  beat: 7,
  reaches: true,
  urls: Object.entries(states).map(([url, state]) => ({
    url,
    state,
    failure: state === 'good' ? null : failure,
    goodInARow: state === 'good' ? 1 : 0,
    badInARow: state === 'good' ? 0 : 2,
    last: { url, failure: state === 'good' ? null : failure, answered: true, bindingMs: 1, allocateMs: null, relayMs: null, packetsSent: 0, packetsReceived: 0, certificateExpiresAtMs: null }
  })),
  ...differs
})
