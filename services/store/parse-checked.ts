/** What another process wrote is checked, not believed: JSON of the right shape, else null. */
export function parseChecked<T> (json: string | null | undefined, check: { Check: (value: unknown) => value is T }): T | null {
  if (!json) return null
  try {
    const value: unknown = JSON.parse(json)
    return check.Check(value) ? value : null
  } catch {
    return null
  }
}
