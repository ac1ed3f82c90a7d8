import { hash } from 'node:crypto'

/** FIPS 180-4, as hex. */
export const sha256 = (text: string): string => hash('sha256', text, 'hex')
