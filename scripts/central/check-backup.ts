import { keyId } from '../../services/domain/turn-credential.ts'
import { judgeLayout } from '../../services/domain/layout.ts'
import { OperatorError } from '../native/operator-error.ts'
import { readSecret } from '../native/private-files.ts'
import { sequenceOf } from './manifest.ts'
import type { Manifest } from './manifest.ts'
import type { Paths } from '../native/paths.ts'

/** What a Redis says of data it has loaded. */
export interface LoadedData {
  keys: number
  auditHead: string | null
  layout: string | null
  /** nodes with a login of their own */
  nodes: string[]
}

/** @throws OperatorError where this version, or this installation, cannot work on what was saved; for another master key not with `force` */
export function checkManifest ({ layout, version, masterKeyId }: Manifest, paths: Paths, force: boolean): void {
  checkLayout(layout, version)
  const masterKey = readSecret(paths.masterKey)
  if (masterKey === undefined) throw new OperatorError(`restore: ${paths.masterKey} is missing: put the master key of that installation there first, for nothing sealed in the backup opens without it`, 2)
  if (!force && keyId(masterKey) !== masterKeyId) throw new OperatorError(`restore: the backup was made under master key ${masterKeyId}, and ${paths.masterKey} holds ${keyId(masterKey)}: put that one back, or --force if it was rotated since and you hold the newer one`, 2)
}

/** @throws OperatorError where the data is not what its manifest says */
export function checkLoaded ({ auditHead, layout }: LoadedData, { auditHead: saved, version }: Manifest, rdb: string): void {
  checkLayout(layout, version)
  if (sequenceOf(auditHead) < sequenceOf(saved)) throw new OperatorError(`${rdb} ends at entry ${sequenceOf(auditHead)} of the audit, before the ${sequenceOf(saved)} of its manifest`)
}

/** An older one the control plane migrates. */
function checkLayout (layout: string | null, version: string): void {
  try {
    judgeLayout(layout)
  } catch {
    throw new OperatorError(`restore: the backup is of key layout ${layout}, newer than this version knows: restore it with Spillway ${version} or newer`, 2)
  }
}

/** What was put back, and what to mind. */
export const tellRestored = ({ keys, auditHead, nodes }: LoadedData, { createdAt }: Manifest): string =>
  `restored ${keys} keys, as they were at ${createdAt}, audit ${sequenceOf(auditHead)}\n${nodes.length > 0 ? `logins of these nodes are back: ${nodes.join(', ')}. Remove again those you removed since\n` : ''}`
