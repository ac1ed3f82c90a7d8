import { AnnotationQueryBuilder } from '@grafana/grafana-foundation-sdk/dashboard'
import { DATASOURCE } from './build-panel.ts'
import { select, shared } from './select.ts'

interface Mark { name: string, colour: string, expr: string, title: string, text: string, tags: string, isTime?: boolean }

const spilledIn = (window: string): string => `sum by (provider) (increase(${select('decisions_total', 'provider!="coturn"')}${window}))`

/**
 * What explains a bend in a line. Grafana marks each stretch of time in which a series is above 0; a fixed window in place
 * of $__rate_interval, which is a panel's.
 */
const MARKS: readonly Mark[] = [
  {
    name: 'Starts and deploys',
    colour: 'blue',
    // the value is the time of the mark, in ms
    expr: `1000 * process_start_time_seconds{job=~"$job"} * on (job, instance) group_left (service, version) ${select('build_info')}`,
    title: '{{service}} started',
    text: 'version {{version}}, {{instance}}',
    tags: 'service,version',
    isTime: true
  },
  {
    name: 'Drains',
    colour: 'purple',
    expr: `${shared('node_draining', 'node, region')} > 0`,
    title: '{{node}} drains',
    text: 'The node takes no new sessions; calls that run go on.',
    tags: 'node,region'
  },
  {
    name: 'Spills',
    colour: 'orange',
    // its first minute: a fleet that spills for hours would tint all panels
    expr: `${spilledIn('[1m]')} > 0 unless ${spilledIn('[1m] offset 1m')} > 0`,
    title: 'Spills to {{provider}}',
    text: 'From here on credentials were served by {{provider}}, too.',
    tags: 'provider'
  },
  {
    name: 'Circuits',
    colour: 'red',
    expr: `max by (provider) (${select('upstream_circuit_state', 'state!="closed"')}) > 0`,
    title: 'Circuit to {{provider}} open',
    text: 'Requests to {{provider}} are held back.',
    tags: 'provider'
  }
]

export const annotations = (): AnnotationQueryBuilder[] => MARKS.map(({ name, colour, expr, title, text, tags, isTime }) => {
  const builder = new AnnotationQueryBuilder().name(name).datasource(DATASOURCE).enable(true).iconColor(colour)
    .expr(expr).titleFormat(title).textFormat(text).tagKeys(tags).step('15s')
  return isTime ? builder.useValueForTime(true) : builder
})
