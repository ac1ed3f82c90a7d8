import { readFileSync } from 'node:fs'
import t from 'tap'
import { coturnKeys, launchChannels } from '../../services/store/keys.ts'

const read = (path: string): string => readFileSync(new URL(`../../services/${path}`, import.meta.url), 'utf8')
const [central = '', beyond = ''] = read('store/keys.ts').split('export const nodeKeys')
const [node = ''] = beyond.split('export const launchChannels')

/** Owner and key of each family, as keys.ts comments and spells them; a variable part is a star. */
const inCode = (source: string): string[] =>
  [...source.matchAll(/\/\*\*(?: |\n {3}\* )([a-z-]+):[^]*?\*\/\s+\w+: (?:\([^)]*\) => )?['`]([^'`]+)['`]/g)]
    .map(([, owner = '', key = '']) => `${owner} ${key.replace(/\$\{\w+\}/g, '*')}`)

const table = (redis: string): string => read('README.md').split(`| owner | ${redis} |`)[1]?.split('\n\n')[0] ?? ''
const inTable = (redis: string): string[] =>
  [...table(redis).matchAll(/^\| ([a-z-]+) \| (.*) \|$/gm)]
    .flatMap(([, owner = '', keys = '']) => [...keys.matchAll(/`([^`]+)`/g)].map(([, key = '']) => `${owner} ${key.replace(/<\w+>/g, '*')}`))

t.test('the table of keys and owners is that of keys.ts', async t => {
  const families = inCode(central)
  t.ok(families.length > 15, `${families.length} families`)
  t.same(inTable('central Redis').sort(), families.sort())
})

t.test('the table of the node Redis covers what keys.ts names there, and nothing else', async t => {
  const own = inCode(node)
  t.ok(own.length > 5, `${own.length} keys`)
  const families = [...own, ...Object.values(launchChannels).map(channel => `launch ${channel}`), `coturn ${coturnKeys.allocationPrefix('*')}`]
  const patterns = inTable('node Redis')
  const covers = (pattern: string, family: string) => pattern.endsWith('*') ? family.startsWith(pattern.slice(0, -1)) : family === pattern
  t.same(families.filter(family => !patterns.some(pattern => covers(pattern, family))), [], 'none is left out')
  t.same(patterns.filter(pattern => !families.some(family => covers(pattern, family))), [], 'none is made up')
  t.ok(table('node Redis').includes(`coturn's user database (${coturnKeys.userDatabase})`))
  t.ok(table('node Redis').includes(`status keys (${coturnKeys.statsDatabase})`))
})
