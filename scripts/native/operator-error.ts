/** Something the operator can mend; the message says how and is shown as it is. `exitCode` 2: a mistake in what was asked for. */
export class OperatorError extends Error {
  readonly exitCode: 1 | 2

  constructor (message: string, exitCode: 1 | 2 = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

/** Runs a command's main function: its answer is the exit code, an OperatorError one plain message. */
export async function runCommand (main: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main()
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = error.exitCode
  }
}
