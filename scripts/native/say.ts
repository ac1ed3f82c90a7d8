/** One line about one part. */
export function saying (part: string, what: string): void {
  process.stdout.write(`${part.padEnd(20)} ${what}\n`)
}
