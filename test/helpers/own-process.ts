import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import { nodeArguments } from '../../scripts/native/part.ts'

const ROOT = resolve(import.meta.dirname, '../..')
export const PROCESSES = ['control-plane', 'ledger', 'prober', 'relay-agent'] as const
export type ProcessName = typeof PROCESSES[number]

/** One process as a service manager starts it, with these settings and nothing else; gone with the test. */
export function startOwnProcess (t: Test, name: ProcessName, settings: Record<string, string>) {
  const child = spawn(join(ROOT, 'node_modules/.bin/node'), nodeArguments(name), {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '', ...settings },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  // 'close' comes after the last of its output
  const exited = once(child, 'close').then(([code, signal]: Array<number | string | null>) => code ?? signal)
  // a test that is cut short runs no teardown
  const endWithTest = () => { child.kill('SIGKILL') }
  process.once('exit', endWithTest)
  t.teardown(async () => {
    process.off('exit', endWithTest)
    child.kill('SIGKILL')
    await exited
  })
  const said = { stdout: '', stderr: '' }
  child.stderr.setEncoding('utf8').on('data', (text: string) => { said.stderr += text })
  const lines = createInterface({ input: child.stdout }).on('line', line => { said.stdout += `${line}\n` })

  return {
    said,
    pid: child.pid ?? 0,
    get running (): boolean { return child.exitCode === null && child.signalCode === null },
    /** its exit code, or the signal that ended it; rejects if it still runs after the deadline */
    exit: async (deadlineMs: number) => await within(deadlineMs, `${name} has ended`, exited).catch((error: Error) => { throw new Error(`${error.message}; it said: ${said.stdout}${said.stderr}`) }),
    terminate: () => { child.kill('SIGTERM') },
    /** its log line that says it runs, and with it the ports it has taken */
    started: async (): Promise<Record<string, { port: number }>> => {
      const line = await within(15_000, `${name} runs`, new Promise<string>((resolve, reject) => {
        const runs = (line: string) => { if (line.includes(`"msg":"${name} runs"`)) resolve(line) }
        for (const line of said.stdout.split('\n')) runs(line)
        lines.on('line', runs)
        lines.once('close', () => { reject(new Error(`${name} ended at its start: ${said.stdout}${said.stderr}`)) })
      }))
      return JSON.parse(line)
    }
  }
}

async function within<T> (deadlineMs: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => { reject(new Error(`waited ${deadlineMs} ms in vain until ${what}`)) }, deadlineMs)
  })
  return await Promise.race([promise, late]).finally(() => { clearTimeout(timer) })
}
