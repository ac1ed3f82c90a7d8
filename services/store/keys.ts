/**
 * Every Redis key of Spillway. Nothing outside this folder spells one. The owner is the only process that writes the
 * family; others may read it.
 */
export const centralKeys = {
  /** control-plane: number of the layout of all these; see domain/layout.ts */
  layout: 'layout',
  /** control-plane: hash app id -> JSON of the app */
  apps: 'apps',
  /** control-plane: hash SHA-256 of a key -> JSON of what it opens */
  appKeys: 'app-keys',
  /** control-plane: hash id of a key -> when it was last used, in ms */
  appKeysUsed: 'app-keys:used',
  /** control-plane: hash SHA-256 of an admin token -> JSON of its name and role */
  adminTokens: 'admin-tokens',
  /** control-plane: hash id of a join token -> JSON of it, its secret as a SHA-256 */
  joinTokens: 'join-tokens',
  /** control-plane: hash node id -> JSON of the Redis login of a node that has joined, or that it is gone */
  nodeUsers: 'node-users',
  /** control-plane: list of JSON entries, each chained to the one before */
  audit: 'audit',
  /** control-plane: `<sequence>:<hash>` of the last entry; as every change makes one, it is the version of apps and keys too */
  auditHead: 'audit:head',
  /** control-plane: hash number -> records of credentials issued at about one time; beside them how far they go, see lua/record-issued.lua */
  decisionBatches: 'decision-batches',
  /** control-plane: token bucket of one limit, hash {tokens, at} */
  limit: (name: string) => `limit:${name}`,
  /** control-plane: sorted set of credentials of an app with a cap on sessions, by the time they were issued, in ms */
  reserved: (app: string) => `reserved:${app}`,
  /** control-plane: hash `<replica>:<node>:<second>` -> allocations that replica has promised on the node in that second */
  promises: 'promises',
  /** control-plane: hash app id, or `*` for all apps -> JSON of its budget */
  budgets: 'budgets',
  /** control-plane: stream of paid credentials the ledger has not booked yet (the ledger deletes what it has) */
  paidIssues: 'paid-issues',
  /** control-plane: hash app id, or `*` -> micro-USD set aside in a day, yyyymmdd, or month for what is on that stream (the ledger takes out what it has booked) */
  reservedSpend: (period: string) => `reserved-spend:${period}`,
  /** control-plane: hash user tag to be forgotten -> when it was asked, in ms (the ledger takes out those it has forgotten) */
  erasures: 'erasures',
  /** control-plane: sorted set `<user tag> <username at the provider>` of credentials that can be revoked, by their expiry, in ms; of tags that begin alike */
  revocable: (shard: string) => `revocable:${shard}`,
  /** control-plane: JSON of the master keys, each sealed under the others; see MasterKeys. Absent before the first rotation */
  masterKeys: 'master-keys',
  /** control-plane: set of node ids; a node counts from the moment it is registered here */
  nodes: 'nodes',
  /** control-plane: JSON of what a node shall be */
  desired: (node: string) => `desired:${node}`,
  /** relay-agent: JSON of what a node is (the control plane deletes it with the node) */
  observed: (node: string) => `observed:${node}`,
  /** prober: hash name of a prober -> JSON of what it found of the node (the control plane drops those of probers that are gone, and all with the node) */
  health: (node: string) => `health:${node}`,
  /** control-plane: JSON of a TURN credential for the probes of one node */
  probeCredential: (node: string) => `probe-credential:${node}`,
  /** relay-agent: stream of usage batches not yet applied (the ledger deletes what it applied) */
  usage: (node: string) => `usage:${node}`,
  /** ledger: hash {log, sequence} of the last batch applied */
  applied: (node: string) => `applied:${node}`,
  /** ledger: hash of one session's counters as applied so far */
  session: (member: string) => `session:${member}`,
  /** ledger: sorted set `<node>:<boot>:<allocation>` by the time of its last row, in ms */
  sessionsOpen: 'sessions:open',
  /** ledger: sorted set of the ended ones by the time they ended, in ms */
  sessionsEnded: 'sessions:ended',
  /** ledger: sorted set of user tags by bytes relayed in a month, yyyymm, and `*` for the whole app */
  relayed: (month: string, app: string) => `relayed:${month}:${app}`,
  /** ledger: hash `<user tag>:<expiry>` -> open sessions made with that credential */
  openSessions: (app: string) => `open:${app}`,
  /** ledger: hash of one row's totals; see LedgerRowKey */
  ledgerRow: (name: string) => `ledger:${name}`,
  /** ledger: set of the row names of one day, yyyymmdd */
  ledgerDay: (day: string) => `ledger-day:${day}`,
  /** ledger: sorted set of the days that have rows, all at score 0, so that they sort by name */
  ledgerDays: 'ledger-days',
  /** ledger: hash version of a price -> JSON of the price; kept for ever, so that what was relayed keeps its price */
  prices: 'prices',
  /** ledger: JSON of the rate card it books under */
  rateCard: 'rate-card',
  /** ledger: hash app id, or `*` -> micro-USD spent on paid providers in a day, yyyymmdd, or month; in that of a day `=<provider>:<scope>`: our estimate, `~<provider>:<scope>`: what the bill has corrected, `#<provider>`: credentials */
  spend: (period: string) => `spend:${period}`,
  /** ledger: hash provider -> JSON of what one of its credentials is expected to relay; see ExpectedUse */
  expectedUse: 'expected-use',
  /** ledger: the mark of one firing of a job, so that it runs once across replicas */
  jobRun: (key: string) => `job:${key}`
} as const

/** Keys of the Redis beside each coturn, database 0: the agent's and launch's own. */
export const nodeKeys = {
  /** launch: id of the coturn process that runs now */
  boot: 'spillway:boot',
  /** relay-agent: id of the boot whose sessions have all been ended and counted, so that launch may stop it */
  drained: 'spillway:drained',
  /** relay-agent: hash {replicationId, offset, boot, log, sequence, gaps}: up to where the feed has been folded */
  cursor: 'agent:cursor',
  /** relay-agent: hash allocation -> JSON of the folded session */
  sessions: 'agent:sessions',
  /** relay-agent: JSON of what the control plane wanted last, for when the centre is away */
  desired: 'agent:desired',
  /** relay-agent: hash id of a node key -> that key, sealed under the one the agent was configured with */
  nodeKeys: 'agent:node-keys',
  /** relay-agent: stream of batches the ledger has not yet applied, id `<sequence>-0` */
  outbox: 'agent:outbox'
} as const

/** Channels launch speaks on; they travel in the same replication stream as coturn's, which orders them. */
export const launchChannels = {
  boot: 'spillway:boot',
  stopping: 'spillway:stopping'
} as const

/** Keys and channels coturn itself uses (src/apps/relay/dbdrivers/dbd_redis.c, ns_ioalib_engine_impl.c). */
export const coturnKeys = {
  userDatabase: 1,
  statsDatabase: 2,
  secrets: (realm: string) => `turn/realm/${realm}/secret`,
  totalQuota: (realm: string) => `turn/realm/${realm}/total-quota`,
  allowedPeers: (realm: string) => `turn/realm/${realm}/allowed-peer-ip`,
  /** of channels that tell of the peer's side of an allocation */
  peerEnding: '/peer',
  allocationPrefix: (realm: string) => `turn/realm/${realm}/user/`
} as const
