/** Writes the JSON of every dashboard into grafana/dashboards. `npm run dashboards`. */
import { writeFile } from 'node:fs/promises'
import { dashboards, toJson } from './all-dashboards.ts'

for (const built of dashboards()) {
  await writeFile(new URL(`dashboards/${built.uid}.json`, import.meta.url), toJson(built))
  console.log(`grafana/dashboards/${built.uid}.json  ${built.title}`)
}
