import { fakeSettings } from './accounts.ts'
import { startFakeCloudflare } from './fake-cloudflare.ts'
import { startFakeTwilio } from './fake-twilio.ts'

/** `npm run fake-providers`: both fakes, on loopback unless SPILLWAY_FAKE_HOST says otherwise, until INT or TERM, and the settings that point Spillway at them. */
const portOf = (name: string, standard: number): number => {
  const port = Number(process.env[name] || standard)
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port
  process.stderr.write(`${name} must be a port\n`)
  process.exit(2)
}
const ports = { cloudflare: portOf('SPILLWAY_FAKE_CLOUDFLARE_PORT', 8090), twilio: portOf('SPILLWAY_FAKE_TWILIO_PORT', 8091) }
const host = process.env.SPILLWAY_FAKE_HOST || undefined

try {
  const cloudflare = await startFakeCloudflare({ host, port: ports.cloudflare })
  const twilio = await startFakeTwilio({ host, port: ports.twilio })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => { Promise.all([cloudflare.stop(), twilio.stop()]).catch(() => { process.exitCode = 1 }) })
  }
  for (const [name, value] of Object.entries(fakeSettings(cloudflare.url, twilio.url))) process.stdout.write(`export ${name}=${value}\n`)
  process.stdout.write([
    '# How they behave, and what they were asked; Ctrl-C ends both:',
    `#   curl -X PUT ${cloudflare.url}/_fake -d '{"mode":"hang"}'`,
    `#   curl ${twilio.url}/_fake`
  ].join('\n') + '\n')
} catch (error) {
  process.stderr.write(`the fakes cannot start: ${(error as Error).message}; SPILLWAY_FAKE_CLOUDFLARE_PORT and SPILLWAY_FAKE_TWILIO_PORT move them\n`)
  process.exit(1)
}
