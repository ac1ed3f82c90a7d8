import { until } from '../../scripts/until.ts'
import type { Stack } from './stack.ts'

/** One node as GET /admin/v1/nodes shows it. */
export interface ShownNode {
  id: string
  state: string
  reasons: Array<{ kind: string } & Record<string, any>>
  badUrls: string[]
  loadRatio: number
  observed: any
  desired: any
  [more: string]: any
}

export async function showNode (stack: Stack, id: string): Promise<ShownNode> {
  const { body } = await stack.admin('GET', '/nodes')
  const node = body.nodes.find((one: ShownNode) => one.id === id)
  if (!node) throw new Error(`no node ${id} among ${JSON.stringify(body.nodes.map(({ id }: ShownNode) => id))}`)
  return node
}

/** Waits until a node is shown in a state, with what it was shown last where it never is. */
export async function untilState (stack: Stack, id: string, state: string | readonly string[], deadlineMs = 30_000): Promise<ShownNode> {
  let last: ShownNode | undefined
  const wanted = [state].flat()
  await until(`${id} is ${wanted.join(' or ')}`, async () => {
    last = await showNode(stack, id)
    return wanted.includes(last.state)
  }, deadlineMs, 200).catch(error => { throw new Error(`${(error as Error).message}; it is ${JSON.stringify({ state: last?.state, reasons: last?.reasons })}`) })
  return last as ShownNode
}

/** All nodes well, with probes that say so. */
export async function untilProbed (stack: Stack, deadlineMs = 45_000): Promise<void> {
  await until('every node is up and probed', async () => {
    const { body } = await stack.admin('GET', '/nodes')
    return body.nodes.length === stack.nodes && body.nodes.every(({ state, reasons }: ShownNode) => state === 'up' && !reasons.some(({ kind }) => kind === 'not_probed'))
  }, deadlineMs, 200)
}

/** The nodes a reply names, in order; stacks give node N the address .N. */
export const nodesOf = (reply: any): string[] => (reply.iceServers ?? []).map(({ urls }: { urls: string[] }) => `node-${/:127\.0\.\d+\.(\d+):/.exec(urls[0] ?? '')?.[1]}`)

/** How often each node came first in `count` replies, for as many users. */
export async function countFirst (stack: Stack, key: string, count: number, body: (index: number) => Record<string, unknown> = index => ({ user: `user-${index}` })): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (let index = 0; index < count; index++) {
    const [first = 'none'] = nodesOf((await stack.issue(key, body(index))).body)
    counts.set(first, (counts.get(first) ?? 0) + 1)
  }
  return counts
}
