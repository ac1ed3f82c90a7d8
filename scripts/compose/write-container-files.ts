import { chmodSync, chownSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from '../native/make-state.ts'
import { OperatorError } from '../native/operator-error.ts'
import { writePrivate } from '../native/private-files.ts'
import type { ContainerInput } from './container-files.ts'

/** Whom containers run as where root starts them: nobody's. */
export const OWN_UID = 10_001

/**
 * Lays out what containers are given, for the user they run as and nobody else; what they were given before and are not
 * any more goes. Whole folders are mounted, so a file that is replaced is seen at once.
 * @throws OperatorError where the files cannot be given to that user
 */
export function writeContainerFiles (folder: string, inputs: Readonly<Record<string, ContainerInput>>, uid: number): void {
  makeFolder(folder)
  for (const [name, { files, environment }] of Object.entries(inputs)) {
    const own = join(folder, name)
    makeFolder(own)
    for (const old of readdirSync(own)) if (!Object.hasOwn(files, old)) rmSync(join(own, old), { recursive: true })
    for (const [file, text] of Object.entries(files)) {
      writePrivate(join(own, file), text)
      giveTo(uid, join(own, file))
    }
    giveTo(uid, own)
    // read by Docker Compose, which takes what stands in single quotes as it is
    writePrivate(`${own}.env`, Object.entries(environment).map(([name, value]) => `${name}='${value}'\n`).join(''))
  }
}

/** Certificates the relay serves, where they lie in our own folder; those in another are whoever's made it. */
export function giveFolder (uid: number, folder: string): void {
  chmodSync(folder, 0o700)
  for (const file of readdirSync(folder)) giveTo(uid, join(folder, file))
  giveTo(uid, folder)
}

function giveTo (uid: number, path: string): void {
  if (statSync(path).uid === uid) return
  try {
    chownSync(path, uid, uid)
  } catch {
    throw new OperatorError(`up: ${path} cannot be given to the user the containers run as: set SPILLWAY_UID to your own (id -u), or run up as root`, 2)
  }
}
