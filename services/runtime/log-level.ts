import { Type } from 'typebox'

/** A setting of every process. */
export const LogLevel = Type.String({ pattern: '^(trace|debug|info|warn|error|fatal|silent)$', default: 'info', description: 'trace, debug, info, warn, error, fatal or silent' })
