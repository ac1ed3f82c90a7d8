import type { CloudflareAccount } from './accounts.ts'
import type { FakeAnswer, FakeRequest } from './fake-server.ts'

export interface CloudflareUsageRow {
  customIdentifier: string
  /** ISO 8601, to the minute */
  datetimeMinute: string
  egressBytes: number
  ingressBytes: number
}

const refused = (message: string, status = 200): Omit<FakeAnswer, 'call'> =>
  ({ status, body: { data: null, errors: [{ message, path: null, extensions: { timestamp: new Date().toISOString() } }] } })

/**
 * callsTurnUsageAdaptiveGroups of the GraphQL API, as far as a query of usage goes: filters by time, key and identifier,
 * a limit, and the dimensions it asks for. What GraphQL finds wrong is told with a 200.
 */
export function answerUsageQuery ({ method, headers, body }: FakeRequest, account: CloudflareAccount, rows: readonly CloudflareUsageRow[]): Omit<FakeAnswer, 'call'> {
  if (method !== 'POST') return refused('only POST', 405)
  if (headers.authorization !== `Bearer ${account.analyticsToken}`) return refused('Authentication error', 403)
  let query: string
  let variables: Record<string, unknown>
  try {
    ({ query, variables = {} } = JSON.parse(body))
  } catch {
    return refused('the body is no JSON', 400)
  }
  /** A filter's value, written out or as a variable. */
  const argument = (name: string): string | undefined => {
    const [, variable, text, number] = new RegExp(`\\b${name}:\\s*(?:\\$(\\w+)|"([^"]*)"|(\\d+))`).exec(query) ?? []
    return variable === undefined ? text ?? number : String(variables[variable])
  }
  if (argument('accountTag') !== account.accountId) return refused('not authorized for that account')
  const dimensions = /dimensions\s*{([^}]*)}/.exec(query)?.[1]?.trim().split(/[\s,]+/) ?? []
  const limit = Number(argument('limit'))
  if (!query.includes('callsTurnUsageAdaptiveGroups') || !(limit >= 1 && limit <= 10_000)) return refused('cannot request data without a limit between 1 and 10000')

  const [after, before, app] = [argument('datetimeMinute_gt'), argument('datetimeMinute_lt'), argument('customIdentifier')]
  const wanted = (argument('keyId') ?? account.keyId) !== account.keyId
    ? []
    : rows.filter(({ datetimeMinute, customIdentifier }) =>
      (after === undefined || Date.parse(datetimeMinute) > Date.parse(after)) && (before === undefined || Date.parse(datetimeMinute) < Date.parse(before)) &&
      (app === undefined || customIdentifier === app))
  const groups = Map.groupBy(wanted, row => JSON.stringify(dimensions.map(name => ({ keyId: account.keyId, ...row } as Record<string, unknown>)[name])))
  const groupRows = [...groups].slice(0, limit).map(([key, members]) => ({
    dimensions: Object.fromEntries((JSON.parse(key) as unknown[]).map((value, index) => [dimensions[index], value])),
    sum: {
      egressBytes: members.reduce((sum, { egressBytes }) => sum + egressBytes, 0),
      ingressBytes: members.reduce((sum, { ingressBytes }) => sum + ingressBytes, 0)
    }
  }))
  return { status: 200, body: { data: { viewer: { accounts: [{ callsTurnUsageAdaptiveGroups: groupRows }] } }, errors: null } }
}
