import type { FakeRequest } from './fake-server.ts'

export interface TwilioUsageRow {
  /** turnmegabytes, or turnmegabytes-useast and so on */
  category: string
  /** YYYY-MM-DD, GMT */
  day: string
  /** decimals, as Twilio writes them */
  megabytes: string
  priceUsd: string
}

/** Resource → the days it covers, counted back from today; null: those the query names, or all. */
const PERIODS: Record<string, (today: string) => [from: string, to: string] | null> = {
  '': () => null,
  '/Daily': () => null,
  '/AllTime': () => null,
  '/Today': today => [today, today],
  '/Yesterday': today => [dayBefore(today), dayBefore(today)],
  '/ThisMonth': today => [`${today.slice(0, 7)}-01`, today],
  '/LastMonth': today => {
    const last = dayBefore(`${today.slice(0, 7)}-01`)
    return [`${last.slice(0, 7)}-01`, last]
  }
}

const dayBefore = (day: string): string => new Date(Date.parse(day) - 86_400_000).toISOString().slice(0, 10)

/** One page of Usage Records; undefined where there is no such resource. */
export function answerUsageRecords ({ path, query }: FakeRequest, accountSid: string, resource: string, rows: readonly TwilioUsageRow[]): unknown {
  const subresource = resource.slice('Usage/Records'.length)
  const period = PERIODS[subresource]
  if (period === undefined) return undefined
  const [from, to] = period(new Date().toISOString().slice(0, 10)) ?? [query.get('StartDate') ?? '0000', query.get('EndDate') ?? '9999']
  const category = query.get('Category')
  const wanted = rows.filter(row => row.day >= from && row.day <= to && (category === null || row.category === category))
  const records = subresource === '/Daily'
    ? wanted.map(row => record(accountSid, row, row.day, row.day))
    : [...Map.groupBy(wanted, row => row.category).values()].map(group => record(accountSid, addUp(group), group[0]?.day ?? '', group.at(-1)?.day ?? ''))

  const size = Math.min(Math.max(Number(query.get('PageSize') ?? 50), 1), 1_000)
  const page = Number(query.get('Page') ?? 0)
  const pageUri = (number: number): string => {
    const parameters = new URLSearchParams(query)
    parameters.set('PageSize', String(size))
    parameters.set('Page', String(number))
    if (number > 0) parameters.set('PageToken', `PA${number}`)
    return `${path}?${parameters}`
  }
  return {
    first_page_uri: pageUri(0),
    previous_page_uri: page > 0 ? pageUri(page - 1) : null,
    next_page_uri: records.length > (page + 1) * size ? pageUri(page + 1) : null,
    uri: pageUri(page),
    page,
    page_size: size,
    start: page * size,
    end: Math.max(0, Math.min(records.length, (page + 1) * size) - 1),
    usage_records: records.slice(page * size, (page + 1) * size)
  }
}

/** A test double may add in floats: no test adds amounts that would show it. */
const addUp = (rows: readonly TwilioUsageRow[]): TwilioUsageRow => ({
  ...rows[0] as TwilioUsageRow,
  megabytes: String(rows.reduce((sum, { megabytes }) => sum + Number(megabytes), 0)),
  priceUsd: String(rows.reduce((sum, { priceUsd }) => sum + Number(priceUsd), 0))
})

/** Numbers are text, as at Twilio. */
function record (accountSid: string, { category, megabytes, priceUsd }: TwilioUsageRow, from: string, to: string) {
  return {
    account_sid: accountSid,
    api_version: '2010-04-01',
    as_of: new Date().toISOString().replace(/\.\d+Z$/, '+00:00'),
    category,
    count: megabytes,
    count_unit: 'megabytes',
    description: 'TURN Megabytes',
    start_date: from,
    end_date: to,
    price: priceUsd,
    price_unit: 'usd',
    usage: megabytes,
    usage_unit: 'megabytes',
    subresource_uris: {},
    uri: `/2010-04-01/Accounts/${accountSid}/Usage/Records.json?Category=${category}`
  }
}
