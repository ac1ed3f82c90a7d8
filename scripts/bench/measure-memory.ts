import { startAccounting } from './accounting.ts'
import type { Lab } from './lab.ts'
import { settledBytesOf } from './process-cost.ts'

const SESSIONS = 10_000
/** Some traffic, so that counters are numbers of the usual size. */
const REPORTS = 3

/** Resident bytes that 10,000 live sessions cost. The control plane holds none: it knows nodes, not sessions. */
export async function measureMemory (lab: Lab, _pairs: number, note: (text: string) => void) {
  const { calls, agent, ledger, untilBooked, close } = await startAccounting(lab)
  const settled = async () => {
    const [agentBytes = NaN, ledgerBytes = NaN] = await Promise.all([agent, ledger].map(settledBytesOf))
    return { agentBytes, ledgerBytes }
  }
  const without = await settled()
  note('memory: opening sessions')
  await calls.begin(SESSIONS)
  for (let report = 0; report < REPORTS; report++) await calls.report()
  await untilBooked('open')
  const withSessions = await settled()
  close()
  return {
    agentBytesPer10kSessions: withSessions.agentBytes - without.agentBytes,
    ledgerBytesPer10kSessions: withSessions.ledgerBytes - without.ledgerBytes,
    sessions: SESSIONS,
    without,
    withSessions
  }
}
