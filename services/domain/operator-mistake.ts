/** Something only the operator can put right; the message says how, and is fit to be shown as it is. */
export class OperatorMistake extends Error {
  override name = 'OperatorMistake'
}
