import { expect } from 'vitest'
import type { Json } from '../http-world.ts'
import { guardedRoutes } from './access-attacks.ts'
import type { Attack } from './attack.ts'

/** Where a text stands in a body: its path, its schema, and whether it is a key of the caller's own. */
interface TextField {
  readonly path: readonly string[]
  readonly schema: Json
  readonly isKey: boolean
}

const resolve = (document: Json, schema: Json): Json =>
  schema.$ref ? document.components.schemas[schema.$ref.split('/').at(-1)] : schema

function textFields(document: Json, given: Json, path: readonly string[] = []): readonly TextField[] {
  const schema = resolve(document, given)
  const own = schema.additionalProperties
  return [
    ...(schema.type === 'string' ? [{ path, schema, isKey: false }] : []),
    ...Object.entries<Json>(schema.properties ?? {}).flatMap(([name, it]) => textFields(document, it, [...path, name])),
    ...(own?.type === 'string'
      ? [
          { path: [...path, 'key'], schema: own, isKey: false },
          { path, schema: own, isKey: true },
        ]
      : []),
  ]
}

/** A text that somebody sends where text is expected, and what becomes of it where text is free. */
interface Text {
  readonly what: string
  readonly text: string
  readonly free: 'kept' | 'refused' | 'a card'
}

const texts: readonly Text[] = [
  { what: 'SQL that ends a statement', text: "'; drop table transactions; --", free: 'kept' },
  { what: 'SQL that is always true', text: "' or '1'='1", free: 'kept' },
  { what: 'SQL that waits', text: '1); select pg_sleep(30); --', free: 'kept' },
  { what: 'SQL with a cast and quotes', text: '$$||current_user||$$ E\'\\x27\' "x"::regclass', free: 'kept' },
  { what: 'a line of a header', text: 'a\r\nSet-Cookie: session=mine', free: 'kept' },
  { what: 'a path upwards', text: '../../../../etc/passwd', free: 'kept' },
  { what: 'templates', text: '{{7*7}} $' + '{7*7} <%= 7*7 %> %s %n', free: 'kept' },
  { what: 'a script', text: '<script>alert(1)</script><img src=x onerror=alert(1)>', free: 'kept' },
  { what: 'text that runs to the left', text: 'a\u202e\u2066b\ufeff\u200b', free: 'kept' },
  { what: 'a zero byte', text: 'a\u0000b', free: 'refused' },
  { what: 'half a character', text: 'a\ud800b', free: 'refused' },
  { what: 'the other half of one', text: '\udc00', free: 'refused' },
  { what: 'a hundred thousand letters', text: 'x'.repeat(100_000), free: 'refused' },
  { what: 'a card number', text: '4242424242424242', free: 'a card' },
  { what: 'a card number with blanks', text: '5555 5555 5555 4444', free: 'a card' },
  { what: 'a card number in a sentence', text: 'my card is 3782-822463-10005, thanks', free: 'a card' },
]

const isFree = ({ path, schema, isKey }: TextField) =>
  !(schema.pattern || schema.enum || schema.format) && (isKey || !['currency'].includes(path.at(-1) ?? ''))

// A key of metadata may not hold these either, by Stripe's rules: 40 characters, no square brackets.
const fitsKey = (text: string) => text.length <= 40 && !/[[\]]/.test(text)

function withText(body: Json, { path, isKey }: TextField, text: string): Json {
  const [name = '', ...rest] = path
  if (rest.length > 0) return { ...body, [name]: withText(body[name] ?? {}, { path: rest, schema: {}, isKey }, text) }
  return { ...body, [name]: isKey ? { [text]: 'value' } : text }
}

/** Which card numbers pass where an id is expected: those alone, for an id has no blanks. */
const cardLike = /^\d+$/

export function textAttacks(document: Json): readonly Attack[] {
  let count = 0
  return guardedRoutes(document).flatMap((route) => {
    const operation = document.paths[route.path][route.method.toLowerCase()]
    const schema = operation.requestBody?.content['application/json'].schema
    if (!schema) return []
    return textFields(document, schema).flatMap((field) =>
      texts.map(({ what, text, free }): Attack => {
        count += 1
        // A reference names one debt, so every attack has one of its own.
        const unique = free === 'kept' && field.path.at(-1) === 'reference' ? `${text} ${count}` : text
        const where = `${field.path.join('.')}${field.isKey ? ' (as a key)' : ''}`
        const reply: Attack['reply'] = async (world) => {
          // More changes of one object than a second can keep apart would be looked at again before they are shown.
          if (route.name === 'updateSubscription') await world.tick()
          const [method, path, body] = world.alice.requestOf(route)
          const sent = withText(bodyFor(route.name, body), field, unique)
          const headers = { 'Content-Type': 'application/json' }
          return world.ask(method, path, { token: world.tokens.service, headers, body: JSON.stringify(sent) })
        }
        const attack = { name: `${route.name}.${where}: ${what}`, sent: unique, reply }
        const kept = free === 'kept' && isFree(field) && (!field.isKey || fitsKey(unique))
        if (kept)
          return {
            ...attack,
            status: Number(successOf(operation)),
            check: ({ text: told }) => keeps(told, field, unique),
          }
        if (
          free === 'a card' &&
          (isFree(field) ? !field.isKey || fitsKey(unique) : guarded(field) && cardLike.test(text))
        ) {
          const check: Attack['check'] = ({ text: told }) => expect(told).not.toMatch(/4242|5555|3782/)
          return { ...attack, status: 400, code: 'card_number_refused', check }
        }
        return { ...attack, status: 422, code: 'input_invalid' }
      }),
    )
  })
}

/** Ids of the host's own making, which might be a card's number by mistake. */
const guarded = ({ path }: TextField) => ['user_id', 'price_id'].includes(path.at(-1) ?? '')

const successOf = (operation: Json): string => Object.keys(operation.responses).find((status) => status < '300') ?? ''

/** A payment that may be described costs nothing: each has an amount, and no method is charged for most. */
const bodyFor = (name: string, body: Json): Json =>
  name === 'createCheckoutSession' ? { ...body, mode: 'payment', amount: 1000, currency: 'USD' } : (body ?? {})

/** Where the object shows the field, it is what was sent, letter for letter. */
function keeps(told: string, { path, isKey }: TextField, text: string): void {
  const [name = '', ...rest] = path
  const shown = JSON.parse(told)[name]
  if (shown === undefined) return
  // Metadata of a subscription is added to.
  if (isKey) expect(Object.entries(shown)).toContainEqual([text, 'value'])
  else expect(rest.length > 0 ? shown.key : shown).toBe(text)
}
