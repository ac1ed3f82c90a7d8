import { createHash } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { OperatorError } from '../native/operator-error.ts'

/** The files of a backup. */
export const RDB = 'central.rdb'
export const MANIFEST = 'manifest.json'
const FORMAT = 1

/** What a backup says of itself. */
export interface Manifest {
  format: typeof FORMAT
  createdAt: string
  /** of Spillway */
  version: string
  redisVersion: string
  /** of the keys; null: from before layouts were numbered */
  layout: string | null
  /** `<sequence>:<hash>` of the last entry of the audit just before the snapshot; null: there was none */
  auditHead: string | null
  /** id of the master key of this installation: without that key the sealed secrets in it cannot be opened */
  masterKeyId: string
  bytes: number
  sha256: string
}

export const newManifest = (facts: Omit<Manifest, 'format'>): Manifest => ({ format: FORMAT, ...facts })

/** @throws OperatorError where there is none, or one of another form */
export function readManifest (folder: string): Manifest {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8'))
    if (manifest.format !== FORMAT) throw new Error(`it is of format ${String(manifest.format)}, and this version reads ${FORMAT}`)
    return manifest
  } catch (error) {
    throw new OperatorError(`${folder} holds no backup: ${(error as Error).message}`)
  }
}

export async function sha256OfFile (file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

/** The number of the last entry of the audit. */
export const sequenceOf = (auditHead: string | null): number => Number(auditHead?.split(':')[0] ?? 0)
