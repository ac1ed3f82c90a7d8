import { readFileSync } from 'node:fs'
import { Type } from 'typebox'
import { OperatorMistake } from '../domain/operator-mistake.ts'
import { connectRedis } from './connect.ts'
import type { ConnectOptions, Redis } from './connect.ts'

/** How every process is told of the central Redis. */
export const CentralRedisConfig = {
  SPILLWAY_REDIS_URL: Type.String({ pattern: '^rediss?://', description: 'the central Redis' }),
  SPILLWAY_REDIS_TLS_CA: Type.Optional(Type.String({ minLength: 1, description: 'PEM file of the private CA its certificate comes from, for rediss:' }))
}

export interface CentralRedisSettings {
  SPILLWAY_REDIS_URL: string
  SPILLWAY_REDIS_TLS_CA?: string
}

/** PEM of the private CA, undefined where none is named. @throws OperatorMistake where the file cannot be read */
export function readCentralCa ({ SPILLWAY_REDIS_TLS_CA: file }: CentralRedisSettings): string | undefined {
  try {
    return file === undefined ? undefined : readFileSync(file, 'utf8')
  } catch (error) {
    throw new OperatorMistake(`SPILLWAY_REDIS_TLS_CA names a file that cannot be read: ${(error as Error).message}`)
  }
}

/** A connection to the central Redis; see connectRedis. @throws OperatorMistake where its CA cannot be read */
export const connectCentral = (settings: CentralRedisSettings, options: Omit<ConnectOptions, 'url' | 'tlsCa' | 'database'>): Redis =>
  connectRedis({ ...options, url: settings.SPILLWAY_REDIS_URL, tlsCa: readCentralCa(settings) })
