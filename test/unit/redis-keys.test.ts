import { readFileSync } from 'node:fs'
import t from 'tap'

const read = (path: string): string => readFileSync(new URL(`../../services/${path}`, import.meta.url), 'utf8')

/** Owner and key of each family, as keys.ts comments and spells them; a variable part is a star. */
const [central = ''] = read('store/keys.ts').split('export const nodeKeys')
const inCode = [...central.matchAll(/\/\*\*(?: |\n {3}\* )([a-z-]+):[^]*?\*\/\s+\w+: (?:\([^)]*\) => )?['`]([^'`]+)['`]/g)]
  .map(([, owner = '', key = '']) => `${owner} ${key.replace(/\$\{\w+\}/g, '*')}`)

const table = read('README.md').split('| owner | central Redis |')[1]?.split('\n\n')[0] ?? ''
const inTable = [...table.matchAll(/^\| ([a-z-]+) \| (.*) \|$/gm)]
  .flatMap(([, owner = '', keys = '']) => [...keys.matchAll(/`([^`]+)`/g)].map(([, key = '']) => `${owner} ${key.replace(/<\w+>/g, '*')}`))

t.test('the table of keys and owners is that of keys.ts', async t => {
  t.ok(inCode.length > 15, `${inCode.length} families`)
  t.same(inTable.sort(), inCode.sort())
})
