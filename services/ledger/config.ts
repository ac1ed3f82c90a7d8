import { Type } from 'typebox'
import type { Static } from 'typebox'
import { LogLevel } from '../runtime/log-level.ts'
import { CentralRedisConfig } from '../store/central-redis.ts'
import { BillsConfig, checkBillsSettings } from '../upstream/settings.ts'
import { loadRateCard } from './load-rate-card.ts'

export const LedgerConfig = Type.Object({
  ...CentralRedisConfig,
  SPILLWAY_MASTER_KEY: Type.String({ minLength: 32, description: 'the master key of the control plane: the ledger verifies user names with it' }),
  SPILLWAY_LEDGER_HOST: Type.String({ default: '127.0.0.1', description: 'address of the ops port' }),
  SPILLWAY_LEDGER_OPS_PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 8082, description: '/metrics, /healthz, /readyz' }),
  SPILLWAY_RATE_CARD_FILE: Type.Optional(Type.String({ description: 'what a gigabyte and a node cost, in the form of infra/rate-card.json, which is taken where none is named' })),
  ...BillsConfig,
  SPILLWAY_LOG_LEVEL: LogLevel
})
export type LedgerConfig = Static<typeof LedgerConfig>

/** What the schema cannot say of the settings. */
export const checkSettings = (config: Partial<LedgerConfig>): string[] => [
  ...loadRateCard(config.SPILLWAY_RATE_CARD_FILE).problems.map(problem => `SPILLWAY_RATE_CARD_FILE: ${problem}`),
  ...checkBillsSettings(config)
]
