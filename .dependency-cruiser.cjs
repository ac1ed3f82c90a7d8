// The import rules of services/README.md, one named rule each. `npm run check:imports` reads them;
// test/integration/import-rules.test.ts plants a breach of every one and sees it caught.

const processFolder = '^services/(control-plane|relay-agent|ledger|prober)/'

/** @param {string} packages an alternation of package names, matched installed or not */
const npm = (packages) => `(^|/)node_modules/(${packages})(/|$)|^(${packages})(/|$)`

/**
 * @param {string} name
 * @param {string} comment
 * @param {Pick<import('dependency-cruiser').IRegularForbiddenRuleType, 'from' | 'to'>} fromTo
 * @returns {import('dependency-cruiser').IRegularForbiddenRuleType}
 */
const rule = (name, comment, { from, to }) => ({ name, comment, severity: 'error', from, to })

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    rule('no-cycles', 'A circle has no order to read or to test it in. Type imports count: they bind the ideas, if not the code.', {
      from: {},
      to: { circular: true }
    }),
    rule('process-imports', 'A process may import upstream, store, runtime, policy, domain, turn and itself; processes meet in Redis.', {
      from: { path: processFolder },
      to: {
        path: '^services/',
        pathNot: ['^services/(upstream|store|runtime|policy|domain|turn)/', '^services/$1/']
      }
    }),
    rule('process-is-private', 'Nothing imports a process from outside it; only unit and integration tests may look in, and what lists and measures the metrics of all.', {
      from: { pathNot: ['^services/', '^test/(unit|integration)/', '^scripts/(list-metrics|bench/measure-scrape)[.]ts$'] },
      to: { path: processFolder }
    }),
    rule('layer-imports', 'upstream, store, runtime and policy import domain and themselves: they are put together by a process.', {
      from: { path: '^services/(upstream|store|runtime|policy)/' },
      to: { path: '^services/', pathNot: ['^services/domain/', '^services/$1/'] }
    }),
    rule('domain-imports', 'domain is the ground floor: it imports only itself.', {
      from: { path: '^services/domain/' },
      to: { path: '^services/', pathNot: '^services/domain/' }
    }),
    rule('turn-stands-alone', 'turn speaks STUN and TURN as the RFCs have it and knows nothing of Spillway: it imports only itself and Node.', {
      from: { path: '^services/turn/' },
      to: { path: ['^services/', '(^|/)node_modules/'], pathNot: '^services/turn/' }
    }),
    rule('pure-builtins', 'domain and policy do no I/O. Hashing and bytes are computation; every other builtin reaches outside.', {
      from: { path: '^services/(domain|policy)/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|buffer)$' }
    }),
    rule('pure-packages', 'domain and policy describe and decide: schemas (typebox) are the only package they need.', {
      from: { path: '^services/(domain|policy)/' },
      to: { path: '(^|/)node_modules/', pathNot: npm('typebox') }
    }),
    rule('ioredis-only-in-store', 'One place talks to Redis, so that keys and scripts have one home. Tests and scripts may look in by themselves.', {
      from: { pathNot: '^(services/store|test|scripts)/' },
      to: { path: npm('ioredis') }
    }),
    rule('twilio-only-in-upstream', 'upstream is the only code that spends money.', {
      from: { pathNot: '^services/upstream/' },
      to: { path: npm('twilio') }
    }),
    rule('fastify-only-in-http', 'HTTP is served by control-plane and by the ops server in runtime; the rest does not know of requests. Bench measures itself against a bare Fastify.', {
      from: { pathNot: ['^services/(control-plane|runtime)/', '^scripts/bench/bare-fastify[.]ts$'] },
      to: { path: npm('fastify|@fastify/[^/]+') }
    }),
    rule('node-cron-only-in-schedulers', 'Work by the calendar belongs to ledger and control-plane; the others follow events and intervals.', {
      from: { pathNot: '^services/(ledger|control-plane)/' },
      to: { path: npm('node-cron') }
    }),
    rule('services-stand-alone', 'What runs in production needs nothing of tests, tools, dashboards or deployment.', {
      from: { path: '^services/' },
      to: { path: '^(test|scripts|grafana|infra)/' }
    }),
    {
      name: 'e2e-is-black-box',
      comment: 'End-to-end tests know the system as its users do; not even a helper may reach into services for them. turn is a protocol library that knows nothing of Spillway: with it a test speaks to a relay as any client does.',
      severity: 'error',
      from: { path: '^test/e2e/' },
      to: { path: '^services/', pathNot: '^services/turn/', reachable: true }
    },
    rule('no-unresolvable', 'An import that leads nowhere hides from every other rule.', {
      from: {},
      to: { couldNotResolve: true }
    }),
    {
      name: 'no-orphans',
      comment: 'A file that imports nothing and that nothing imports is left over, or is not wired in yet.',
      severity: 'error',
      from: { orphan: true, path: '^(services|scripts|grafana|infra)/' },
      to: {}
    }
  ],

  options: {
    // Without this, type-only imports are gone before the rules see them.
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    // a page for Chromium, whose packages are not in the main install
    exclude: { path: '^grafana/pictures/page/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.cjs', '.mjs', '.json']
    }
  }
}
