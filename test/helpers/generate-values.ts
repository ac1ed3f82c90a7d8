import fc from 'fast-check'

/** What OpenAPI 3.1 says of a parameter or a body: JSON Schema, of which only this much is used. */
export interface Schema {
  type?: string
  enum?: unknown[]
  anyOf?: Schema[]
  pattern?: string
  minLength?: number
  maxLength?: number
  minimum?: number
  exclusiveMinimum?: number
  maximum?: number
  items?: Schema
  maxItems?: number
  properties?: Record<string, Schema>
  required?: string[]
}

/** Longer ones are no different, and make a body too large. */
const MAX_LENGTH = 60
const MAX_ITEMS = 3
/** fast-check writes strings for a pattern, but looks neither ahead nor behind. */
const LOOKAHEAD = /\(\?![^()]*(\([^()]*(\([^()]*\))*[^()]*\))*[^()]*\)/g

/** By the name of a field, values there is something behind. */
export type KnownValues = Record<string, string[]>

/** Values that the schema allows; of a field whose name is known only the known ones, so that nothing grows without end. */
export function validValues (schema: Schema, known: KnownValues = {}): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(one => validValues(one)))
  const { type, pattern, minLength = 0, maxLength = MAX_LENGTH, minimum = -1e9, exclusiveMinimum, maximum = 1e9 } = schema
  switch (type) {
    case 'string': {
      const matching = pattern === undefined
        ? fc.string({ unit: 'binary', minLength, maxLength: Math.max(minLength, Math.min(maxLength, MAX_LENGTH)) })
        : fc.stringMatching(new RegExp(pattern.replace(LOOKAHEAD, ''))).filter(text => new RegExp(pattern).test(text))
      return matching.filter(text => text.length <= maxLength)
    }
    case 'integer': return fc.integer({ min: minimum, max: maximum })
    case 'number': return fc.double({ min: exclusiveMinimum ?? minimum, minExcluded: exclusiveMinimum !== undefined, max: maximum, noNaN: true })
    case 'boolean': return fc.boolean()
    case 'null': return fc.constant(null)
    case 'array': return fc.array(validValues(schema.items ?? {}), { maxLength: MAX_ITEMS })
    case 'object': return fc.record(mapValues(schema.properties ?? {}, (one, name) => {
      const values = known[name]
      return values ? fc.constantFrom(...values) : validValues(one)
    }), { requiredKeys: schema.required ?? [] })
    default: return fc.jsonValue()
  }
}

const PROTOTYPE_NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', 'toJSON']

/** Values that have broken something somewhere. */
export const hostileValues: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null, true, false, 0, -0, -1, 1.5, 1e12, 1e21, 1e308, -1e308, 5e-324, 2 ** 31, 2 ** 53, 2 ** 64,
    '', ' ', 'x', '0', '-1', '1e3', '0x10', 'NaN', 'null', 'undefined', 'true', '١٢', '\ud800', 'a\udfffb', 'a\0b', '\u202e', '\ufeff', 'é', 'e\u0301', '👩‍👩‍👧‍👦', '\r\nX-Injected: 1',
    '../../etc/passwd', '%00', '%2e%2e', "' OR 1=1 --", '<script>alert(1)</script>', '{{7*7}}', '${7*7}', '*', '$ne', 'x'.repeat(5_000), '9'.repeat(400), // eslint-disable-line no-template-curly-in-string -- that is the attack
    [], [[]], [null], {}, { a: { b: { c: {} } } }, { length: 1e9 }, { $ref: '#' }
  ),
  fc.constantFrom(...PROTOTYPE_NAMES),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.double(),
  fc.maxSafeInteger(),
  fc.jsonValue({ maxDepth: 2 })
)

/** Values that are right but for one thing: a wrong field, one too many, one too few. */
export function nearValues (schema: Schema, known: KnownValues = {}): fc.Arbitrary<unknown> {
  const names = Object.keys(schema.properties ?? {})
  if (names.length === 0) return hostileValues
  const anyName = fc.oneof(fc.constantFrom(...names), fc.constantFrom(...names), fc.constantFrom(...PROTOTYPE_NAMES, 'isAdmin', '', '$where'))
  const whole = validValues(schema, known) as fc.Arbitrary<Record<string, unknown>>
  return fc.oneof(
    fc.tuple(whole, anyName, hostileValues).map(([value, name, hostile]) => Object.fromEntries([...Object.entries(value), [name, hostile]])),
    fc.tuple(whole, fc.constantFrom(...names)).map(([value, name]) => Object.fromEntries(Object.entries(value).filter(([other]) => other !== name)))
  )
}

const mapValues = <From, To>(record: Record<string, From>, map: (value: From, name: string) => To): Record<string, To> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]))
