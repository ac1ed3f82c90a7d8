import { parser } from '@prometheus-io/lezer-promql'

type SyntaxNode = ReturnType<typeof parser.parse>['topNode']

/** One selector of an expression: the metric it names, and each label the expression needs that metric to have. */
export interface MetricUse { name: string, labels: string[] }

/** Set operators that only choose among the series of their left side. */
const KEEPS_LEFT = new Set(['And', 'Unless'])

/**
 * What a PromQL expression reads. A label is needed where a matcher, a grouping, a vector match or a function names it,
 * or where `wanted` does: labels the result must have, such as those of a legend or an annotation. `job`, `instance` and
 * `le` are listed like all others; that a scrape or a histogram adds them, the caller knows.
 *
 * Variables and macros of Grafana must have been replaced before.
 * @throws Error that names the place, where it is no PromQL, or wants a label of a result that an aggregation has taken away
 */
export function metricsOf (expr: string, wanted: readonly string[] = []): MetricUse[] {
  const tree = parser.parse(expr)
  tree.iterate({
    enter: node => {
      if (node.type.isError) throw new Error(`no PromQL at character ${node.from}: ${expr}`)
    }
  })
  const uses: MetricUse[] = []
  const top = tree.topNode.firstChild
  if (top === null) throw new Error('no PromQL: nothing in it')
  demand(top, new Set(wanted), { expr, uses })
  return uses
}

interface Reading { expr: string, uses: MetricUse[] }

/** Walks down with the labels that what is above needs of the result of `node`. */
function demand (node: SyntaxNode, wanted: ReadonlySet<string>, reading: Reading): void {
  switch (node.name) {
    case 'VectorSelector': reading.uses.push(readSelector(node, wanted, reading)); return
    case 'AggregateExpr': aggregate(node, wanted, reading); return
    case 'BinaryExpr': combine(node, wanted, reading); return
    case 'FunctionCall': call(node, wanted, reading); return
    default: for (const child of childrenOf(node)) demand(child, wanted, reading)
  }
}

function readSelector (node: SyntaxNode, wanted: ReadonlySet<string>, { expr }: Reading): MetricUse {
  const matched = labelsIn(node.getChild('LabelMatchers'), expr)
  const name = node.getChild('Identifier')
  if (name === null) throw new Error(`a selector without a metric name cannot be checked: ${textOf(node, expr)}`)
  return { name: textOf(name, expr), labels: [...new Set([...matched, ...wanted])].sort() }
}

function aggregate (node: SyntaxNode, wanted: ReadonlySet<string>, reading: Reading): void {
  const operator = node.getChild('AggregateOp')?.firstChild?.name ?? ''
  const modifier = node.getChild('AggregateModifier')
  const grouping = labelsIn(modifier?.getChild('GroupingLabels') ?? null, reading.expr)
  const body = childrenOf(node.getChild('FunctionCallBody'))
  let needed: ReadonlySet<string>
  if (operator === 'Topk' || operator === 'Bottomk') {
    needed = new Set([...wanted, ...grouping])
  } else if (modifier?.getChild('Without') != null) {
    lose(wanted, label => !grouping.includes(label), node, reading)
    needed = new Set([...wanted, ...grouping])
  } else {
    const counted = operator === 'CountValues' ? unquote(body[0], reading.expr) : undefined
    lose(wanted, label => grouping.includes(label) || label === counted, node, reading)
    needed = new Set(grouping)
  }
  for (const part of body) demand(part, needed, reading)
}

/** @throws where one of the labels that are wanted is not kept by what stands here */
function lose (wanted: ReadonlySet<string>, keeps: (label: string) => boolean, node: SyntaxNode, { expr }: Reading): void {
  for (const label of wanted) {
    if (!keeps(label)) throw new Error(`label ${label} is not in the result of ${textOf(node, expr)}`)
  }
}

function combine (node: SyntaxNode, wanted: ReadonlySet<string>, reading: Reading): void {
  const clause = node.getChild('MatchingModifierClause')
  const [matching, brought] = (clause?.getChildren('GroupingLabels') ?? []).map(labels => labelsIn(labels, reading.expr))
  const on = clause?.getChild('On') != null
  const parts = childrenOf(node)
  const left = parts[0]
  const right = parts.at(-1)
  if (left === undefined || right === undefined) return
  const [many, one] = clause?.getChild('GroupRight') != null ? [right, left] : [left, right]
  const fromMany = [...wanted].filter(label => !(brought ?? []).includes(label))
  const shared = on ? matching ?? [] : []
  demand(many, new Set([...fromMany, ...shared]), reading)
  if (on || clause?.getChild('Ignoring') != null) demand(one, new Set([...shared, ...brought ?? []]), reading)
  else demand(one, parts.some(({ name }) => KEEPS_LEFT.has(name)) ? new Set() : wanted, reading)
}

function call (node: SyntaxNode, wanted: ReadonlySet<string>, reading: Reading): void {
  const name = textOf(node.getChild('FunctionIdentifier') ?? node, reading.expr)
  const parts = childrenOf(node.getChild('FunctionCallBody'))
  const needed = new Set(wanted)
  if (name === 'label_replace' || name === 'label_join') {
    needed.delete(unquote(parts[1], reading.expr))
    for (const source of name === 'label_replace' ? [parts[3]] : parts.slice(3)) needed.add(unquote(source, reading.expr))
  } else if (name === 'histogram_quantile') {
    needed.add('le')
  } else if (name === 'absent' || name === 'absent_over_time' || name === 'scalar') {
    needed.clear()
  }
  for (const part of parts) demand(part, needed, reading)
}

function labelsIn (node: SyntaxNode | null, expr: string): string[] {
  return childrenOf(node).map(part => part.name === 'LabelName' ? part : part.getChild('LabelName'))
    .filter(part => part !== null).map(part => textOf(part, expr))
}

function childrenOf (node: SyntaxNode | null | undefined): SyntaxNode[] {
  const children: SyntaxNode[] = []
  for (let child = node?.firstChild ?? null; child !== null; child = child.nextSibling) children.push(child)
  return children
}

const textOf = (node: SyntaxNode, expr: string): string => expr.slice(node.from, node.to)
const unquote = (node: SyntaxNode | undefined, expr: string): string => node === undefined ? '' : textOf(node, expr).slice(1, -1)
