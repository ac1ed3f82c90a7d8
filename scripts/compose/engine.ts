import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { OperatorError } from '../native/operator-error.ts'

const run = promisify(execFile)
const OUTPUT_BYTES = 1 << 24
const LINES_SHOWN = 15

/** One container as `docker compose ps` tells of it. */
export interface ContainerState { ID: string, Service: string, Name: string, State: string, Health: string, ExitCode: number }

/** Docker Compose on the project of this repository. */
export function createEngine (repository: string, environment: NodeJS.ProcessEnv) {
  /** Its standard output. @throws OperatorError with the end of what it said */
  async function compose (...args: string[]): Promise<string> {
    try {
      const { stdout } = await run('docker', ['compose', '--progress', 'plain', ...args], { cwd: repository, env: environment, maxBuffer: OUTPUT_BYTES })
      return stdout
    } catch (error) {
      const { stderr = '', message } = error as Error & { stderr?: string }
      throw new OperatorError(`docker compose ${args[0]}: ${stderr.trim().split('\n').slice(-LINES_SHOWN).join('\n') || message}`)
    }
  }

  /** Its standard output, where that goes nowhere else. @param input, @param output open files. @throws OperatorError as above */
  async function stream (args: readonly string[], { input, output }: { input?: number | undefined, output?: number | undefined }): Promise<string> {
    const child = spawn('docker', ['compose', '--progress', 'quiet', ...args], { cwd: repository, env: environment, stdio: [input ?? 'ignore', output ?? 'pipe', 'pipe'] })
    const [said, complaint, [code]] = await Promise.all([child.stdout === null ? '' : text(child.stdout), child.stderr === null ? '' : text(child.stderr), once(child, 'close')]).catch((error: Error) => { throw new OperatorError(`docker does not run: ${error.message}`) })
    if (code !== 0) throw new OperatorError(`docker compose ${args[0]}: ${complaint.trim().split('\n').slice(-LINES_SHOWN).join('\n') || `it ended with ${code}`}`)
    return said
  }

  return {
    compose,
    stream,
    /** Starts containers that there are, whatever they depend on. @throws OperatorError */
    start: async (ids: readonly string[]): Promise<void> => {
      await run('docker', ['start', ...ids], { env: environment }).catch((error: Error) => { throw new OperatorError(error.message) })
    },
    containers: async (): Promise<ContainerState[]> =>
      (await compose('ps', '--all', '--format', 'json')).split('\n').filter(Boolean).map(line => JSON.parse(line)),
    /** what a service said last, whichever of its containers */
    lastWords: async (service: string): Promise<string> =>
      (await compose('logs', '--no-color', '--tail', String(LINES_SHOWN), service)).trimEnd()
  }
}

export type Engine = ReturnType<typeof createEngine>
