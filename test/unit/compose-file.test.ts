import { readFileSync } from 'node:fs'
import t from 'tap'
import { nodeArguments } from '../../scripts/native/part.ts'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const compose = read('docker-compose.yml')
const images = [...compose.matchAll(/^ +image: (.+)$/gm)].map(([, image = '']) => image)

t.test('each image has a version, and a variable that replaces it', async t => {
  t.ok(images.length >= 8)
  for (const image of images) t.match(image, /^\$\{[A-Z]+_IMAGE:-[a-z/]+:v?\d+\.\d+\.\d+[\w.-]*\}$/)
  t.match(read('infra/Dockerfile'), new RegExp(`^ARG NODE_IMAGE=${/NODE_IMAGE:-([^}]+)/.exec(compose)?.[1] ?? 'none'}$`, 'm'), 'both files build on the same')
})

t.test('our own image has the version of the package', async t => {
  t.match(images, [`\${SPILLWAY_IMAGE:-spillway:${JSON.parse(read('package.json')).version}}`])
})

t.test('each service begins with what makes it safe, and is asked for its health', async t => {
  const services = compose.slice(compose.indexOf('\nservices:'), compose.indexOf('\nnetworks:')).split(/^ {2}(?=[a-z-]+:)/m).slice(1)
  t.ok(services.length >= 14)
  for (const service of services) {
    const name = /^[a-z-]+/.exec(service)?.[0] ?? ''
    t.match(service, /^ {4}<<: \*(hardened|process|proxy)$/m, name)
    // one ends at once, the other is looked at, not relied on
    if (!['volumes', 'demo-load'].includes(name)) t.match(service, /^ {4}healthcheck: \{ <<: \*often, /m, name)
  }
})

t.test('a process is started as it is without containers', async t => {
  const started = [...compose.matchAll(/^ {4}command: \[((?:--\S+, )*services\/([a-z-]+)\/main\.ts)\]$/gm)]
  t.same(started.map(([, , name]) => name).sort(), ['control-plane', 'ledger', 'prober', 'relay-agent'])
  for (const [, given, name = ''] of started) t.equal(given, nodeArguments(name).join(', '), name)
})
