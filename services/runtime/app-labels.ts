/** Series stay few: apps beyond these share one label. */
const MAX_APP_LABELS = 200
/** The label of all that have none of their own. */
export const OTHER_APPS = '_other'

/**
 * The label of an app: its id, of the first two hundred apps that are heard of. What begins with `_` is no app and takes
 * nobody's place. One for all metrics of a process, so that an app has its label in all of them or in none.
 */
export function createAppLabels (): (app: string) => string {
  const apps = new Set<string>()
  return app => {
    if (app.startsWith('_') || apps.has(app)) return app
    if (apps.size >= MAX_APP_LABELS) return OTHER_APPS
    apps.add(app)
    return app
  }
}
export type AppLabels = ReturnType<typeof createAppLabels>
