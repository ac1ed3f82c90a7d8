/** Ours, bare, ours, bare: a machine that slows down meanwhile slows both. */
export async function inPairs<Trial> (pairs: number, measureOurs: () => Promise<Trial>, measureBare: () => Promise<Trial>): Promise<{ ours: Trial[], bare: Trial[] }> {
  const trials = { ours: [] as Trial[], bare: [] as Trial[] }
  for (let pair = 0; pair < pairs; pair++) {
    trials.ours.push(await measureOurs())
    trials.bare.push(await measureBare())
  }
  return trials
}
