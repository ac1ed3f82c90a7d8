/**
 * `npm run dashboards:pictures -- --prometheus URL`: draws every dashboard from what a Prometheus holds, with Grafana's own
 * components in headless Chromium, to grafana/pictures/out/<uid>.png. It needs `npm ci` in grafana/pictures once.
 */
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { launch } from 'puppeteer-core'
import type { Browser } from 'puppeteer-core'
import { askPrometheus } from '../../scripts/live/prometheus.ts'
import { dashboards } from '../all-dashboards.ts'
import { drawingOf } from './read-drawing.ts'

const HELP = `Usage: npm run dashboards:pictures -- --prometheus URL [options]

  --prometheus URL   where the data are, such as http://127.0.0.1:9090
  --from T, --to T   ISO 8601, unix seconds, or now-30m; the last 15 minutes without them
  --scrape SECONDS   how often that Prometheus scrapes (15)
  --only UID         one dashboard
  --out FOLDER       where the pictures go (grafana/pictures/out)
`
const HERE = import.meta.dirname
const WIDTH = 1600
const PATIENCE_MS = 60_000

const pageOf = (uid: string): string => `<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="page.css"><style>html,body{margin:0;overflow:hidden;background:#111217}</style>
<div id="root"></div><script src="${uid}.js"></script><script src="page.js"></script>`

const run = promisify(execFile)
const { values: options } = parseArgs({
  options: {
    prometheus: { type: 'string' },
    from: { type: 'string', default: 'now-15m' },
    to: { type: 'string', default: 'now' },
    scrape: { type: 'string', default: '15' },
    only: { type: 'string' },
    out: { type: 'string', default: join(HERE, 'out') },
    help: { type: 'boolean', default: false }
  }
})

if (options.help || options.prometheus === undefined) {
  console.log(HELP)
  process.exit(options.help ? 0 : 1)
}

const range = { from: timeOf(options.from), to: timeOf(options.to), scrapeSeconds: Number(options.scrape) }
const prometheus = askPrometheus(options.prometheus)
const folder = await mkdtemp(join(tmpdir(), 'spillway-pictures-'))
const browser = await launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--hide-scrollbars', '--force-color-profile=srgb'] })
try {
  await mkdir(options.out, { recursive: true })
  await bundle(join(folder, 'page.js'))
  for (const { uid, dashboard } of dashboards().filter(({ uid }) => options.only === undefined || uid === options.only)) {
    const drawing = await drawingOf(dashboard, prometheus, range)
    await writeFile(join(folder, `${uid}.js`), `window.drawing = ${JSON.stringify(drawing)}`)
    await writeFile(join(folder, `${uid}.html`), pageOf(uid))
    await shoot(browser, join(folder, `${uid}.html`), join(options.out, `${uid}.png`), drawing.height)
    console.log(join(options.out, `${uid}.png`))
  }
} finally {
  await browser.close()
  await rm(folder, { recursive: true, force: true })
}

/** Unix seconds. @throws where it is none of the three ways to say a time */
function timeOf (text: string): number {
  const [, ago, unit] = /^now(?:-(\d+)([smhd]))?$/.exec(text) ?? []
  const now = Math.floor(Date.now() / 1000)
  if (text.startsWith('now') && (text === 'now' || unit !== undefined)) return now - Number(ago ?? 0) * ({ s: 1, m: 60, h: 3600, d: 86_400 }[unit ?? 's'] ?? 1)
  const seconds = /^\d+$/.test(text) ? Number(text) : Date.parse(text) / 1000
  if (!Number.isFinite(seconds)) throw new Error(`${text} is no time: ISO 8601, unix seconds, or now-30m`)
  return seconds
}

async function bundle (file: string): Promise<void> {
  await run(join(HERE, 'node_modules/.bin/esbuild'), [
    join(HERE, 'page/main.tsx'), '--bundle', '--format=iife', '--minify', '--jsx=automatic', '--log-level=error', `--outfile=${file}`,
    '--loader:.svg=dataurl', '--loader:.woff2=dataurl', '--loader:.ttf=dataurl', '--define:process.env.NODE_ENV="production"'
  ])
}

/** A picture of lines and text in 256 colours is a third as large, and nobody sees it. */
function withFewColours (png: Uint8Array): Uint8Array {
  const { decode, encode, toRGBA8 } = createRequire(import.meta.url)('upng-js')
  const { buffer, byteOffset, byteLength } = png
  const image = decode(buffer.slice(byteOffset, byteOffset + byteLength))
  return new Uint8Array(encode(toRGBA8(image), image.width, image.height, 256))
}

/** @throws what goes wrong in the page, and where it does not say in time that it is done */
async function shoot (browser: Browser, file: string, picture: string, height: number): Promise<void> {
  const page = await browser.newPage()
  const failed = new Promise<never>((_resolve, reject) => page.once('pageerror', reject))
  await page.setViewport({ width: WIDTH, height })
  await page.goto(`file://${file}`)
  await Promise.race([page.waitForSelector('#root[data-drawn]', { timeout: PATIENCE_MS }), failed])
  await writeFile(picture, withFewColours(await page.screenshot()))
  await page.close()
}
