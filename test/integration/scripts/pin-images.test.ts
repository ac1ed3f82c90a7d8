import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseEnv, promisify } from 'node:util'
import t from 'tap'

const repository = resolve(import.meta.dirname, '../../..')
const folder = mkdtempSync(join(tmpdir(), 'spillway-pin-'))
t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
const file = join(folder, '.env')
const DIGEST = `sha256:${'5'.repeat(64)}`

/** Stands in for the engine, since no registry is there to pull from: answers digests as `docker image inspect` prints them, of a mirror too. */
const docker = (unreachable: string): string => `#!/bin/sh
case "$1 $2" in
  'pull --quiet') [ "$3" != '${unreachable}' ] || { echo 'no such host' >&2; exit 1; } ;;
  'image inspect') printf 'mirror.example/%s@sha256:0\\n%s@${DIGEST}\\n\\n' "\${5%:*}" "\${5%:*}" ;;
esac
`
async function pin (unreachable = ''): Promise<{ code: number, stdout: string, stderr: string }> {
  writeFileSync(join(folder, 'docker'), docker(unreachable), { mode: 0o700 })
  return await promisify(execFile)(join(repository, 'scripts/pin-images'), { env: { PATH: `${folder}:${process.env.PATH}`, COMPOSE_ENV_FILES: file } })
    .then(said => ({ code: 0, ...said }), error => error)
}

const read = (path: string): string => readFileSync(join(repository, path), 'utf8')
const images = new Map([...read('docker-compose.yml').matchAll(/\$\{([A-Z]+_IMAGE):-([^}]+)\}/g)].map(([, variable = '', image = '']) => [variable, image]))
images.delete('SPILLWAY_IMAGE')

t.test('where one image cannot be had it says so, and writes nothing', async t => {
  t.match(await pin(images.get('GRAFANA_IMAGE')), { code: 1, stderr: /no such host[^]*grafana\S+ could not be pulled.*nothing was written/ })
  t.notOk(existsSync(file))
})

t.test('each image of a registry is pinned as Docker Compose reads it, what else is set stays, and again it is the same', async t => {
  writeFileSync(file, `SPILLWAY_UID=7\nREDIS_IMAGE=${images.get('REDIS_IMAGE')?.replace(/:.*/, '')}:7.2.0@sha256:0\nCADDY_IMAGE=registry.example/caddy:2\n`, { mode: 0o600 })
  t.match(await pin(), { code: 0, stdout: /CADDY_IMAGE stays registry\.example/ })
  const pinned = Object.fromEntries([...images].map(([variable, image]) => [variable, `${image}@${DIGEST}`]))
  t.same(parseEnv(readFileSync(file, 'utf8')), { SPILLWAY_UID: '7', ...pinned, CADDY_IMAGE: 'registry.example/caddy:2' })
  t.equal(statSync(file).mode & 0o777, 0o600)
  const before = readFileSync(file, 'utf8').split('\n').sort()
  await pin()
  t.same(readFileSync(file, 'utf8').split('\n').sort(), before)
})
