/**
 * A rule that cannot fail protects nothing. So: a small tree that keeps all rules passes under our own config files;
 * then every rule is broken in one place, and the check must report those places and no other.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import t, { type Test } from 'tap'

const repository = resolve(import.meta.dirname, '../..')

const lawful = {
  'services/domain/app.ts': "import { Type, type Static } from 'typebox'\n\nexport const App = Type.Object({ id: Type.String() })\nexport type App = Static<typeof App>\n",
  'services/policy/decide.ts': "import { createHash } from 'node:crypto'\nimport { App } from '../domain/app.ts'\n\nexport const decide = () => [createHash, App]\n",
  'services/store/apps.ts': "import { Redis } from 'ioredis'\nimport { App } from '../domain/app.ts'\n\nexport const apps = () => [Redis, App]\n",
  'services/upstream/calls.ts': "import twilio from 'twilio'\n\nexport const calls = () => twilio\n",
  'services/runtime/ops.ts': "import Fastify from 'fastify'\n\nexport const ops = () => Fastify()\n",
  'services/control-plane/main.ts': "import '../policy/decide.ts'\nimport '../store/apps.ts'\nimport '../upstream/calls.ts'\nimport './routes.ts'\n\nexport const port = process.env['PORT']\n",
  'services/control-plane/routes.ts': "import type { FastifyInstance } from 'fastify'\n\nexport type App = FastifyInstance\n",
  'services/ledger/main.ts': "import 'node-cron'\nimport '../runtime/ops.ts'\n",
  'services/relay-agent/main.ts': "import '../store/apps.ts'\n",
  'services/prober/main.ts': "import '../policy/decide.ts'\nimport '../turn/client.ts'\n",
  'services/turn/client.ts': "import 'node:dgram'\nimport './message.ts'\n",
  'services/turn/message.ts': "import 'node:crypto'\n",
  'scripts/bench/bare-fastify.ts': "import 'fastify'\n",
  'scripts/look.ts': "import 'ioredis'\nimport '../services/store/apps.ts'\n",
  'test/helpers/redis.ts': "import 'ioredis'\nimport '../../services/store/apps.ts'\n",
  'test/unit/routes.test.ts': "import '../../services/control-plane/routes.ts'\n",
  'test/integration/store.test.ts': "import '../helpers/redis.ts'\nimport '../../services/ledger/main.ts'\n",
  'test/e2e/call.test.ts': "import 'ioredis'\nimport '../fakes/peer.ts'\nimport '../../services/turn/client.ts'\n",
  'test/fakes/peer.ts': "import 'node:net'\nimport '../../services/turn/client.ts'\n",
  'node_modules/twilio/package.json': '{ "name": "twilio", "version": "0.0.0", "main": "index.js" }\n',
  'node_modules/twilio/index.js': '\n'
}

/** rule -> file that breaks it -> its text. No file breaks a second rule. */
const breachesOfImportRules: Record<string, Record<string, string>> = {
  'no-cycles': {
    'services/policy/hen.ts': "import type { Egg } from './egg.ts'\n\nexport type Hen = Egg[]\n",
    'services/policy/egg.ts': "import type { Hen } from './hen.ts'\n\nexport type Egg = Hen | null\n"
  },
  'process-imports': { 'services/ledger/ask.ts': "import '../control-plane/routes.ts'\n" },
  'process-is-private': {
    'scripts/short-cut.ts': "import '../services/ledger/main.ts'\n",
    'test/helpers/short-cut.ts': "import type { App } from '../../services/control-plane/routes.ts'\n\nexport type Inside = App\n",
    'grafana/short-cut.ts': "import '../services/prober/main.ts'\n"
  },
  'layer-imports': {
    'services/upstream/remember.ts': "import '../store/apps.ts'\n",
    'services/store/serve.ts': "import '../runtime/ops.ts'\n",
    'services/runtime/judge.ts': "import '../policy/decide.ts'\n",
    'services/policy/fetch.ts': "import '../upstream/calls.ts'\n",
    'services/store/climb.ts': "import '../relay-agent/main.ts'\n",
    'services/runtime/dial.ts': "import '../turn/client.ts'\n"
  },
  'domain-imports': { 'services/domain/climb.ts': "import '../policy/decide.ts'\n" },
  'turn-stands-alone': {
    'services/turn/name.ts': "import '../domain/app.ts'\n",
    'services/turn/log.ts': "import 'pino'\n"
  },
  'pure-builtins': {
    'services/domain/read.ts': "import 'node:fs/promises'\n",
    'services/policy/dial.ts': "import 'net'\n"
  },
  'pure-packages': { 'services/policy/log.ts': "import type { Logger } from 'pino'\n\nexport type Log = Logger\n" },
  'ioredis-only-in-store': { 'services/ledger/redis.ts': "import type { Redis } from 'ioredis'\n\nexport type R = Redis\n" },
  'twilio-only-in-upstream': { 'services/control-plane/phone.ts': "import 'twilio'\n" },
  'fastify-only-in-http': {
    'services/prober/serve.ts': "import 'fastify'\n",
    'services/ledger/schema.ts': "import '@fastify/type-provider-typebox'\n",
    'scripts/bench/serve.ts': "import 'fastify'\n"
  },
  'node-cron-only-in-schedulers': { 'services/prober/tick.ts': "import 'node-cron'\n" },
  'services-stand-alone': {
    'services/runtime/lean.ts': "import '../../test/helpers/redis.ts'\n",
    'services/control-plane/lean.ts': "import '../../scripts/look.ts'\n"
  },
  'e2e-is-black-box': {
    'test/e2e/peek.test.ts': "import '../../services/domain/app.ts'\n",
    'test/e2e/peek-through-helper.test.ts': "import '../helpers/redis.ts'\n"
  },
  'no-unresolvable': { 'services/runtime/lost.ts': "import './gone.ts'\n" },
  'no-orphans': { 'services/runtime/alone.ts': 'export const alone = true\n' }
}

const breachesOfLintRules: Record<string, Record<string, string>> = {
  '@typescript-eslint/no-floating-promises': { 'services/store/forget.ts': 'Promise.resolve(1)\n' },
  '@typescript-eslint/consistent-type-imports': { 'services/store/blur.ts': "import { Redis } from 'ioredis'\n\nexport type R = Redis\n" },
  'n/no-process-env': {
    'services/ledger/settings.ts': "export const port = process.env['PORT']\n",
    'services/control-plane/routes/main-menu.ts': 'export const { PORT } = process.env\n'
  },
  'no-restricted-imports': { 'services/runtime/settings.ts': "import { env } from 'node:process'\n\nexport const port = env['PORT']\n" },
  'no-restricted-properties': { 'services/policy/guess.ts': 'export const guess = () => Date.now() + Math.random()\n' },
  'no-restricted-syntax': { 'services/domain/today.ts': 'export const today = () => new Date()\n' },
  'no-restricted-globals': { 'services/policy/ask.ts': "export const ask = async () => await fetch('http://localhost')\n" }
}

t.test('a tree that keeps the import rules passes, and each breach is reported where it is', async (t) => {
  const tree = plantTree(t)
  t.strictSame(checkImports(tree), { status: 0, found: [] })

  for (const files of Object.values(breachesOfImportRules)) write(tree, files)
  t.strictSame(checkImports(tree), { status: 1, found: placesOf(breachesOfImportRules) })
})

t.test('every import rule is broken by this test', async (t) => {
  const config = createRequire(import.meta.url)(join(repository, '.dependency-cruiser.cjs')) as { forbidden: { name: string }[] }
  t.strictSame(config.forbidden.map(({ name }) => name).sort(), Object.keys(breachesOfImportRules).sort())
})

t.test('an import check that did not read every file fails instead of finding nothing', async (t) => {
  const tree = plantTree(t)
  write(tree, { '.dependency-cruiser.cjs': "module.exports = { forbidden: [], options: { exclude: { path: '[.]ts$' } } }\n" })
  const { status, stderr } = run(tree, ['scripts/check-imports.ts'])
  t.equal(status, 2)
  t.match(stderr, 'services/domain/app.ts')

  rmSync(join(tree, 'services'), { recursive: true })
  t.equal(run(tree, ['scripts/check-imports.ts']).status, 2)
})

t.test('a tree that keeps the lint rules passes, and each breach is reported where it is', async (t) => {
  const tree = plantTree(t)
  t.strictSame(lint(tree), { status: 0, found: [] })

  for (const files of Object.values(breachesOfLintRules)) write(tree, files)
  t.strictSame(lint(tree), { status: 1, found: placesOf(breachesOfLintRules) })
})

/** Lays out the lawful tree with the real config files and packages in a folder that goes with the test. */
function plantTree (t: Test): string {
  const tree = realpathSync(mkdtempSync(join(tmpdir(), 'spillway-rules-')))
  t.teardown(() => rmSync(tree, { recursive: true, force: true }))
  for (const file of ['package.json', 'tsconfig.json', 'eslint.config.js', '.dependency-cruiser.cjs', 'scripts/check-imports.ts']) {
    cpSync(join(repository, file), join(tree, file))
  }
  mkdirSync(join(tree, 'node_modules'))
  for (const name of readdirSync(join(repository, 'node_modules'))) {
    if (name !== 'twilio') symlinkSync(join(repository, 'node_modules', name), join(tree, 'node_modules', name))
  }
  write(tree, lawful)
  return tree
}

function write (tree: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true })
    writeFileSync(join(tree, path), text)
  }
}

function checkImports (tree: string) {
  const { status, stdout, stderr } = run(tree, ['scripts/check-imports.ts', '--json'])
  if (stdout === '') throw new Error(stderr)
  const violations = JSON.parse(stdout) as { rule: string, files: string[] }[]
  return { status, found: unique(violations.flatMap(({ rule, files }) => files.map((file) => `${rule}: ${file}`))) }
}

function lint (tree: string) {
  const { status, stdout, stderr } = run(tree, ['node_modules/eslint/bin/eslint.js', '--format', 'json', 'services'])
  if (stdout === '') throw new Error(stderr)
  const files = JSON.parse(stdout) as { filePath: string, messages: { ruleId: string | null, message: string }[] }[]
  return {
    status,
    found: unique(files.flatMap(({ filePath, messages }) =>
      messages.map(({ ruleId, message }) => `${ruleId ?? message}: ${relative(tree, filePath)}`)))
  }
}

function run (cwd: string, args: string[]) {
  return spawnSync(process.execPath, args, { cwd, encoding: 'utf8' })
}

function placesOf (breaches: Record<string, Record<string, string>>): string[] {
  return unique(Object.entries(breaches).flatMap(([rule, files]) => Object.keys(files).map((file) => `${rule}: ${file}`)))
}

function unique (places: string[]): string[] {
  return [...new Set(places)].sort()
}
