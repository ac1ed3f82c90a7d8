import { readFileSync } from 'node:fs'
import t from 'tap'
import { ControlPlaneConfig } from '../../services/control-plane/config.ts'
import { LedgerConfig } from '../../services/ledger/config.ts'
import { ProberConfig } from '../../services/prober/config.ts'
import { AgentConfig } from '../../services/relay-agent/config.ts'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

/** NAME -> value, of lines that set or, commented out, show one. */
const example = new Map([...read('.env.example').matchAll(/^#?((?:SPILLWAY|TWILIO|CLOUDFLARE)_[A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]))
const schemas = [ControlPlaneConfig, LedgerConfig, ProberConfig, AgentConfig]
const properties = schemas.flatMap(({ properties }) => Object.entries(properties as Record<string, { default?: unknown }>))

/** Settings of the scripts that have no schema, as they are read there. */
const scripts = [
  ...read('infra/coturn/launch').matchAll(/(?:\$\{|secret )(SPILLWAY_[A-Z_]+)/g),
  ...read('scripts/native/settings.ts').matchAll(/(?:environment\.|port\('|host\(')(SPILLWAY_[A-Z_]+)/g)
].map(([, name = '']) => name)
scripts.push(...[...read('scripts/join-fleet.ts').matchAll(/env\.(SPILLWAY_[A-Z_]+)/g)].map(([, name = '']) => name))

scripts.push(...[...read('docker-compose.yml').matchAll(/\$\{(SPILLWAY_[A-Z_]+)/g)].map(([, name = '']) => name))

t.test('every setting stands in .env.example, and nothing else does', async t => {
  t.same([...example.keys()].sort(), [...new Set([...properties.map(([name]) => name), ...scripts])].sort())
})

t.test('what it shows as a default is the default', async t => {
  for (const [name, schema] of properties) {
    if (schema.default !== undefined) t.equal(example.get(name), String(schema.default), name)
  }
})

t.test('what has no default and must be set is not commented out', async t => {
  const text = read('.env.example')
  for (const { properties, required = [] } of schemas) {
    for (const name of required) {
      if ((properties as Record<string, { default?: unknown }>)[name]?.default === undefined) t.match(text, new RegExp(`^${name}=`, 'm'), name)
    }
  }
})
