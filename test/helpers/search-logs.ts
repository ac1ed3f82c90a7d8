import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { until } from '../../scripts/until.ts'

/** A value that must show up in the logs, so that a search for what must not is known to look in the right place. */
export const REGION_CANARY = 'canary-in-the-log'

/** What an answer gives away that must stay between those two: keys and passwords, wherever in it they stand. */
export function secretsIn (answer: any): string[] {
  const entries: Array<{ credential?: string }> = Array.isArray(answer?.iceServers) ? answer.iceServers : []
  return [answer?.key, answer?.password, ...entries.map(({ credential }) => credential)].filter(secret => typeof secret === 'string')
}

/**
 * No secret of the stack, and none it gave away, in any log; and the logs are there and tell of the run. `answered` is how
 * many requests the control plane has answered, each of which must have its line.
 */
export async function searchLogs (t: Test, folder: string, given: Iterable<string>, answered: number): Promise<void> {
  const own = await readAll(folder, path => /(key|token|password)$/.test(path))
  const secrets = [...new Set([...own.map(({ text }) => text.trim()), ...given])]
  t.ok(own.length >= 5 && secrets.length > own.length, `knows ${secrets.length} secrets to look for`)
  t.same(secrets.filter(secret => secret.length < 10), [], 'each long enough to be found by itself')

  const controlPlane = async () => await readFile(join(folder, 'log', 'control-plane.log'), 'utf8')
  const countRequests = async () => (await controlPlane()).split('\n').filter(line => line.includes('"msg":"request"')).length
  // a line is written just after its answer is sent
  await until('every request has its line', async () => await countRequests() >= answered, 5_000).catch(() => {})
  const requests = await countRequests()
  t.ok(requests >= answered && answered > 0, `${requests} requests are logged, ${answered} of them were made here`)

  const logs = await readAll(join(folder, 'log'))
  const holding = (text: string) => logs.filter(log => log.text.includes(text)).map(({ path }) => path)
  t.ok(holding(REGION_CANARY).some(path => path.includes('relay-agent')), 'the search finds the canary')
  t.same([...new Set(secrets.flatMap(holding))], [], 'and no secret in any log')
}

async function readAll (folder: string, wanted: (path: string) => boolean = () => true): Promise<Array<{ path: string, text: string }>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter(entry => entry.isFile() && wanted(entry.name)).map(entry => join(entry.parentPath, entry.name))
  return await Promise.all(files.map(async path => ({ path, text: await readFile(path, 'utf8') })))
}
