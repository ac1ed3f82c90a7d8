import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parse } from 'yaml'

interface Stated { expr: string, labels?: Record<string, string> }
export interface RecordingRule extends Stated { record: string }
export interface AlertingRule extends Stated { alert: string, for?: string, annotations: Record<string, string> }
/** `file`: without its folder */
export type Rule = (RecordingRule | AlertingRule) & { file: string, group: string }

interface RuleFile { groups: Array<{ name: string, rules: Array<RecordingRule | AlertingRule> }> }

/** All rules of rules/, in the order they stand there. */
export function readRules (): Rule[] {
  return globSync(join(import.meta.dirname, 'rules/*.yml')).sort().flatMap(path => {
    const { groups } = parse(readFileSync(path, 'utf8')) as RuleFile
    return groups.flatMap(({ name, rules }) => rules.map(rule => ({ ...rule, file: basename(path), group: name })))
  })
}
