import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { OperatorError } from '../native/operator-error.ts'
import { readSecret } from '../native/private-files.ts'
import type { Engine } from '../compose/engine.ts'
import type { Paths } from '../native/paths.ts'

/** Runs redis-cli on the central Redis as its user `backup`, who may copy all of it and change nothing. */
export interface CentralCli {
  /** its answer, without the newline behind it */
  ask: (...command: string[]) => Promise<string>
  /** a snapshot as a replica gets it: of one moment, whatever is written meanwhile. Into a new file, 0600 */
  copyTo: (file: string) => Promise<void>
}

/** @throws OperatorError where the stack was never started here */
export function nativeCli (paths: Paths): CentralCli {
  const password = readSecret(paths.backupPassword)
  if (password === undefined) throw new OperatorError(`${paths.backupPassword} is missing: ./scripts/up makes it, and the Redis user it belongs to`)
  const conf = readFileSync(paths.redisConf, 'utf8')
  const port = /^tls-port (\d+)/m.exec(conf)?.[1] ?? /^port (\d+)/m.exec(conf)?.[1] ?? ''
  const tls = /^tls-port/m.test(conf) ? ['--tls', '--cacert', paths.redisTls.ca] : []
  const run = async (...args: string[]) => await runCli(['-h', '127.0.0.1', '-p', port, ...tls, '--user', 'backup', '--no-auth-warning', ...args], password)
  return {
    ask: run,
    copyTo: async file => {
      // not by standard output, on which redis-cli leaves the mark that ends a snapshot
      closeSync(openSync(file, 'wx', 0o600))
      await run('--rdb', file)
    }
  }
}

/** In the container, which has the password: this machine may have no redis-cli. */
export function containerCli (engine: Engine): CentralCli {
  const cli = 'REDISCLI_AUTH=$(cat /run/secrets/backup-password) redis-cli --user backup --no-auth-warning'
  const exec = async (words: readonly string[], output?: number): Promise<string> =>
    await engine.stream(['exec', '-T', 'redis', 'sh', '-c', ...words], { output }).catch((error: Error) => { throw gaveNone(error.message) })
  return {
    ask: async (...command) => refuseErrors((await exec([`${cli} "$@"`, 'sh', ...command])).trimEnd()),
    copyTo: async file => {
      const output = openSync(file, 'wx', 0o600)
      try {
        // on the volume: /tmp of the container lies in the memory that Redis has too. One that was killed has left its copy there
        await exec([`rm -f /data/backup-*.rdb; copy=/data/backup-$$.rdb; trap 'rm -f $copy' EXIT; trap 'exit 1' HUP INT TERM; ${cli} --rdb $copy >&2 && cat $copy`], output)
      } finally {
        closeSync(output)
      }
    }
  }
}

/** redis-cli answers errors with exit code 0 on standard output where it is asked for one command. */
async function runCli (args: string[], password: string): Promise<string> {
  const child = spawn('redis-cli', args, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH, REDISCLI_AUTH: password } })
  let [answer, complaint] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => { answer += text })
  child.stderr.setEncoding('utf8').on('data', (text: string) => { complaint += text })
  const [code] = await once(child, 'close').catch((error: Error) => { throw new OperatorError(`redis-cli does not run: ${error.message} (Debian: apt-get install redis-tools)`) })
  if (code !== 0) throw gaveNone(complaint.trim() || answer.trim())
  return refuseErrors(answer.trimEnd())
}

function refuseErrors (answer: string): string {
  if (/^(NOAUTH|WRONGPASS|NOPERM|ERR|LOADING)\b/.test(answer)) throw gaveNone(answer)
  return answer
}

const gaveNone = (why: string): OperatorError =>
  new OperatorError(`the central Redis gives no backup: ${why}. Does it run, and was ./scripts/up run since the last upgrade?`)
