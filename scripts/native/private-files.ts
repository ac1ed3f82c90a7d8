import { closeSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { OperatorError } from './operator-error.ts'

/** The content of a secret's file; undefined where there is none. @throws OperatorError for an empty file */
export function readSecret (file: string): string | undefined {
  let secret: string
  try {
    secret = readFileSync(file, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new OperatorError(`${file} cannot be read: ${(error as Error).message}`)
  }
  if (secret === '') throw new OperatorError(`${file} is empty: put its secret back, or delete the file to have a new one made`)
  return secret
}

/** Whole or not at all, and never over another: the link fails where the file is there. */
export function writeSecretOnce (file: string, secret: string): void {
  const draft = writeDraft(file, secret)
  try {
    linkSync(draft, file)
  } finally {
    rmSync(draft)
  }
}

/** Whole or not at all, over whatever is there. */
export function writePrivate (file: string, text: string): void {
  renameSync(writeDraft(file, text), file)
}

function writeDraft (file: string, text: string): string {
  const draft = `${file}.${process.pid}.draft`
  writeFileSync(draft, text, { mode: 0o600, flush: true })
  return draft
}

/** What was written to a file, or which names a folder has, is there after a power cut as well. */
export function syncToDisk (path: string): void {
  const opened = openSync(path, 'r')
  try {
    fsyncSync(opened)
  } finally {
    closeSync(opened)
  }
}
