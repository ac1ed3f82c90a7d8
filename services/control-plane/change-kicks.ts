import { auditedUser } from '../domain/audit.ts'
import { SESSION_KICK_SECONDS } from '../domain/kick.ts'
import type { Kick } from '../domain/kick.ts'
import type { DesiredNode, NodeFacts } from '../domain/node.ts'
import { addKick, kickedUsers, liftKick } from '../policy/kicks.ts'
import type { Change, Write } from '../store/audit.ts'
import { readNodes, writeDesired } from '../store/nodes.ts'
import { readSession } from '../store/session-records.ts'
import type { AdminContext } from './admin-context.ts'
import { problems } from './problems.ts'

type Reading = Pick<AdminContext, 'redis' | 'now'>

const iso = (atMs: number | undefined): string | null => atMs === undefined ? null : new Date(atMs).toISOString()
const showUntil = (atMs: number | undefined) => atMs === undefined ? null : { until: iso(atMs) }

/** @throws Problem kick_refused where the list of a node is full */
function withKick ({ id }: NodeFacts, desired: DesiredNode, kick: Kick, nowMs: number): DesiredNode {
  const next = addKick(desired, kick, nowMs)
  if (!next) throw problems.kickRefused(`node "${id}" has as many kicks to do as it can hold: lift some, or wait until some are over`)
  return next
}

const writesOf = (nodes: readonly NodeFacts[], next: (node: NodeFacts) => DesiredNode): Write[] =>
  nodes.map(node => writeDesired(node.id, node.desired, next(node)))

/** A user may have sessions, or make one, on any node, so every node is told. @throws Problem kick_refused */
export async function kickUser ({ redis, now }: Reading, userTag: string, seconds: number): Promise<Change<{ userTag: string, until: string, nodes: number }>> {
  const nodes = await readNodes(redis)
  if (nodes.length === 0) throw problems.kickRefused('there is no node, so nothing that could keep a user out')
  const untilMs = now() + seconds * 1000
  return {
    action: 'user.kick',
    target: auditedUser(userTag),
    before: showUntil(kickedUsers(nodes)?.get(userTag)),
    after: showUntil(untilMs),
    writes: writesOf(nodes, node => withKick(node, node.desired, { userTag, untilMs }, now())),
    result: { userTag, until: new Date(untilMs).toISOString(), nodes: nodes.length }
  }
}

/** @throws Problem kick_not_found */
export async function liftUser ({ redis }: Reading, userTag: string): Promise<Change<undefined>> {
  const nodes = await readNodes(redis)
  const untilMs = kickedUsers(nodes)?.get(userTag)
  if (untilMs === undefined) throw problems.noKick()
  return {
    action: 'user.lift-kick',
    target: auditedUser(userTag),
    before: showUntil(untilMs),
    after: null,
    writes: writesOf(nodes, ({ desired }) => liftKick(desired, userTag)),
    result: undefined
  }
}

/**
 * One session, and where it is said for how long, its user with it.
 * @throws Problem session_not_found, kick_refused
 */
export async function kickSession ({ redis, now }: Reading, id: string, seconds: number | undefined): Promise<Change<{ id: string, userTag: string, until: string | null }>> {
  const session = await readSession(redis, id)
  if (session?.state !== 'open') throw problems.noSession(id)
  const { node: home, boot, allocation, userTag } = session
  const nodes = await readNodes(redis)
  if (!nodes.some(({ id }) => id === home)) throw problems.kickRefused(`node "${home}" is not in the fleet any more, and nobody tells its agent`)
  const nowMs = now()
  const untilMs = seconds === undefined ? undefined : nowMs + seconds * 1000
  const meant = untilMs === undefined ? nodes.filter(node => node.id === home) : nodes
  return {
    action: 'session.kick',
    target: id,
    before: null,
    after: untilMs === undefined ? null : { user: auditedUser(userTag), until: iso(untilMs) },
    writes: writesOf(meant, node => {
      const own = node.id === home ? withKick(node, node.desired, { boot, allocation, untilMs: nowMs + SESSION_KICK_SECONDS * 1000 }, nowMs) : node.desired
      return untilMs === undefined ? own : withKick(node, own, { userTag, untilMs }, nowMs)
    }),
    result: { id, userTag, until: iso(untilMs) }
  }
}
