/** Where the ops port of a control plane serves the runbooks: of each alert a heading. Through a tunnel the address is the same. */
export const RUNBOOKS_URL = 'http://127.0.0.1:8081/runbooks'

export const runbookUrl = (alert: string): string => `${RUNBOOKS_URL}#${alert.toLowerCase()}`
