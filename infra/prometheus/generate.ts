/**
 * `npm run prometheus` writes what is made of TypeScript: prometheus.yml, as docker compose mounts it, rules/slo.yml, and the page of
 * the runbooks.
 * A test says whether the committed files are what it would write.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generatedFiles } from './generated-files.ts'

for (const [path, text] of generatedFiles()) writeFileSync(join(import.meta.dirname, path), text)
