import { parser } from '@prometheus-io/lezer-promql'

type SyntaxNode = ReturnType<typeof parser.parse>['topNode']

export interface Matcher { label: string, operator: string, value: string }

/** A selector, and what stands around it. */
export interface Selector {
  name: string
  matchers: Matcher[]
  /** of a range vector, as it is written: `5m` */
  range?: string
  /** the function a range vector is given to: `rate` */
  call?: string
  /** the innermost aggregation it is in: `sum` */
  aggregation?: string
}

/** All selectors of a PromQL expression, in the order they are written; of what is no PromQL, those that can be read. */
export function selectorsOf (expr: string): Selector[] {
  const selectors: Selector[] = []
  parser.parse(expr).iterate({
    enter: ({ node }) => {
      if (node.name === 'VectorSelector') selectors.push(readSelector(node, expr))
    }
  })
  return selectors
}

function readSelector (node: SyntaxNode, expr: string): Selector {
  const text = (part: SyntaxNode | null | undefined): string => part ? expr.slice(part.from, part.to) : ''
  const matchers = (node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []).map(matcher => ({
    label: text(matcher.getChild('LabelName')),
    operator: text(matcher.getChild('MatchOp')),
    value: text(matcher.getChild('StringLiteral')).slice(1, -1)
  }))
  const selector: Selector = { name: text(node.getChild('Identifier')), matchers }
  const matrix = node.parent?.name === 'MatrixSelector' ? node.parent : null
  if (matrix) {
    selector.range = text(matrix.getChild('DurationExpr'))
    const call = ancestor(matrix, 'FunctionCallBody')?.parent
    if (call?.name === 'FunctionCall') selector.call = text(call.getChild('FunctionIdentifier'))
  }
  const aggregation = ancestor(node, 'AggregateExpr')?.getChild('AggregateOp')
  if (aggregation) selector.aggregation = text(aggregation)
  return selector
}

function ancestor (node: SyntaxNode, name: string): SyntaxNode | null {
  let above = node.parent
  while (above && above.name !== name) above = above.parent
  return above
}
