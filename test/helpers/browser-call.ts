import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { launch } from 'puppeteer-core'
import type { Test } from 'tap'

export interface BrowserCall {
  /** what the app's own server answers to the page of that user */
  ice: (user: string) => Promise<unknown>
  /** that each side sends the other */
  bytes: number
  /** further words for Chromium */
  args?: string[]
}

/** Two peers in one page of Chromium, relays only. Resolves with the bytes that arrived at each, and the pairs they went by. */
export async function callInBrowser (t: Test, { ice, bytes, args = [] }: BrowserCall): Promise<{ arrived: number[], pairs: object[] }> {
  // the app's own server: it holds the secret key, the page gets the reply as it is
  const page = await readFile(new URL('../fixtures/call.html', import.meta.url))
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    if (pathname === '/ice') response.setHeader('content-type', 'application/json').end(JSON.stringify(await ice(searchParams.get('user') ?? '')))
    else response.setHeader('content-type', 'text/html').end(page)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close() })

  const profile = await mkdtemp(join(tmpdir(), 'spillway-chromium-'))
  const browser = await launch({
    executablePath: '/usr/bin/chromium',
    userDataDir: profile,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--allow-loopback-in-peer-connection', ...args
    ]
  })
  t.teardown(async () => {
    await browser.close()
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  })
  const tab = await browser.newPage()
  await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  return await tab.evaluate(async bytes => await (globalThis as any).call(bytes), bytes) as { arrived: number[], pairs: object[] }
}
