import { setTimeout as delay } from 'node:timers/promises'
import { startAccounting } from './accounting.ts'
import type { Lab } from './lab.ts'
import { settledBytesOf } from './process-cost.ts'

/** 10,000 sessions, begun over twenty seconds; then each reports every twenty, as one of a voice call does. */
const SECONDS = 20
const SESSIONS_A_SECOND = 500

/** Resident bytes that 10,000 live sessions cost. The control plane holds none: it knows nodes, not sessions. */
export async function measureMemory (lab: Lab, _pairs: number, note: (text: string) => void) {
  const { calls, agent, ledger, untilBooked } = await startAccounting(lab)
  const settled = async () => {
    const [agentBytes = NaN, ledgerBytes = NaN] = await Promise.all([agent, ledger].map(settledBytesOf))
    return { agentBytes, ledgerBytes }
  }
  const withoutSessions = await settled()
  note(`memory: ${SECONDS * SESSIONS_A_SECOND} sessions begin`)
  for (const stage of [calls.begin, calls.report]) {
    for (let second = 0; second < SECONDS; second++) await Promise.all([stage(SESSIONS_A_SECOND), delay(1_000)])
  }
  await untilBooked('open')
  const withSessions = await settled()
  return {
    agentBytesPer10kSessions: withSessions.agentBytes - withoutSessions.agentBytes,
    ledgerBytesPer10kSessions: withSessions.ledgerBytes - withoutSessions.ledgerBytes,
    withoutSessions,
    withSessions
  }
}
