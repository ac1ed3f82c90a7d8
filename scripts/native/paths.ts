import { join } from 'node:path'

/** Every file of the state folder, in one place. `run` holds what each start writes anew. */
export function pathsOf (state: string) {
  const run = join(state, 'run')
  return {
    state,
    run,
    log: join(state, 'log'),
    masterKey: join(state, 'master-key'),
    adminToken: join(state, 'admin-token'),
    demoKey: join(state, 'demo-key'),
    grafanaPassword: join(state, 'grafana-password'),
    /** what containers are given: a folder each, and the settings beside it */
    compose: join(state, 'compose'),
    tls: join(state, 'tls'),
    redisPassword: join(state, 'redis-password'),
    proberPassword: join(state, 'prober-password'),
    backupPassword: join(state, 'backup-password'),
    redisData: join(state, 'redis'),
    controlPlanePassword: join(state, 'control-plane-password'),
    redisUrl: join(run, 'redis-url'),
    controlPlaneRedisUrl: join(run, 'control-plane-redis-url'),
    proberRedisUrl: join(run, 'prober-redis-url'),
    redisTls: {
      folder: join(state, 'redis-tls'),
      ca: join(state, 'redis-tls', 'ca.pem'),
      cert: join(state, 'redis-tls', 'cert.pem'),
      key: join(state, 'redis-tls', 'cert.key')
    },
    redisConf: join(run, 'central-redis.conf'),
    redisAcl: join(run, 'central-redis.acl'),
    joined: join(state, 'joined.json'),
    /** what the centre answered, while it is being taken apart */
    joinAnswer: join(state, 'join-answer.json'),
    nodes: join(state, 'nodes'),
    node: (id: string) => {
      const folder = join(state, 'nodes', id)
      return {
        folder,
        key: join(folder, 'key'),
        agentPassword: join(folder, 'agent-password'),
        coturnPassword: join(folder, 'coturn-password'),
        cliPassword: join(folder, 'cli-password'),
        centralPassword: join(folder, 'central-password'),
        centralCa: join(folder, 'central-ca.pem'),
        centralUrl: join(run, `${id}-central-redis-url`),
        redisData: join(folder, 'redis'),
        coturnRun: join(folder, 'coturn'),
        redisUrl: join(run, `${id}-redis-url`),
        redisConf: join(run, `${id}-redis.conf`),
        redisAcl: join(run, `${id}-redis.acl`)
      }
    },
    pidFile: (part: string) => join(run, `${part}.pid`),
    logFile: (part: string) => join(state, 'log', `${part}.log`)
  }
}

export type Paths = ReturnType<typeof pathsOf>
