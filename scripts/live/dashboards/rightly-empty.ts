/** `<dashboard>/<panel id>/<ref id>`: why it has no series in a demo in which all goes as it should. */
export const RIGHTLY_EMPTY: ReadonlyMap<string, string> = new Map([
])
