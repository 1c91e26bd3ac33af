import fc from 'fast-check'

/** A part of a JSON schema, as far as the document uses it. */
interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly string[]
  readonly pattern?: string
  readonly format?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly example?: unknown
}

interface Parameter {
  readonly in: 'path' | 'query' | 'header'
  readonly name: string
  readonly schema: Schema
}

interface Content {
  readonly schema: Schema
  readonly examples?: Readonly<Record<string, unknown>>
}

/** An operation of the document. */
interface Operation {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> }
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Content>> }>>
}

/** The document, as far as requests are made from it. */
export interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

interface Place {
  readonly path: string
  readonly method: string
  readonly operation: Operation
}

/** What a request can be about that is there. */
export interface Known {
  /** Ids of objects and names of users, by the name of the path's parameter or the tag of the operation. */
  readonly ids: Readonly<Record<string, readonly string[]>>
  /** Values of fields that a schema cannot know, by the field's name; the first of each is a good one. */
  readonly fields: Readonly<Record<string, readonly string[]>>
  readonly cursors: readonly string[]
  /** Bodies of Stripe's events. */
  readonly events: readonly string[]
}

/** What is made right before a request, so that the request is about something that nobody has touched. */
export type FreshKind = 'paid' | 'unpaid' | 'authorized' | 'method' | 'subscription' | 'ending'

/** Stands for the id of what was made right before, wherever it is written. */
export const FRESH = 'pi_FRESH'

export interface FuzzRequest {
  readonly operation: string
  readonly method: string
  readonly path: string
  readonly token: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly fresh?: FreshKind
  /** How Stripe's signature is: absent where it is not a webhook. */
  readonly signature?: 'right' | 'wrong' | 'none'
}

const often = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary })
const oneOf = <T>(values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values)

const oddText = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '\u0000',
    'a\u0000b',
    '\ud800',
    '\udfff x',
    '\u202eabc',
    '\ufeff',
    '0',
    'null',
    '-1',
    '1e309',
  ),
  fc.constantFrom('__proto__', 'constructor', "' OR 1=1 --", '<b>', '💳'.repeat(200), 'x'.repeat(5000)),
  fc.constantFrom('4242424242424242', 'tx_', 'tx_nothing', 'pm_card_visa', '2026-11-26T00:00:00Z'),
  fc.string({ unit: 'binary', maxLength: 40 }),
)

const oddNumber = fc.oneof(
  fc.constantFrom(0, -1, 0.5, 1e21, -1e308, 2 ** 31, 2 ** 53, Number.MAX_SAFE_INTEGER, 99_999_999, 100_000_000),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)

/** Anything that JSON can say. */
const odd: fc.Arbitrary<unknown> = fc.oneof(
  oddText,
  oddNumber,
  fc.constantFrom<unknown>(null, true, false, [], {}, [[]], [null], { a: { b: { c: [] } } }, Array(300).fill(0)),
  fc.jsonValue({ maxDepth: 3 }),
)

/** Requests that a description allows, and some that it does not. */
export function requestsOf(description: Description, known: Known): fc.Arbitrary<FuzzRequest> {
  const resolved = (schema: Schema): Schema =>
    schema.$ref ? (description.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}) : schema
  const places: readonly Place[] = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )

  /** What fits a schema. */
  const fitting = (schema: Schema, name: string): fc.Arbitrary<unknown> => {
    const it = resolved(schema)
    const values = known.fields[name]
    if (values) {
      const made = it.pattern && fc.stringMatching(new RegExp(it.pattern))
      return made ? fc.oneof(often(12, oneOf(values)), often(1, made)) : oneOf(values)
    }
    if (it.enum) return oneOf(it.enum)
    if (it.type === 'boolean') return fc.boolean()
    if (it.type === 'integer') return integers(it)
    if (it.properties) return objects(it)
    return it.type === 'object' ? fc.dictionary(texts({ maxLength: 40 }), texts({ maxLength: 500 })) : texts(it)
  }
  /** Any of the fields, or those of the example: some go only together, which a schema does not say. */
  const objects = ({ properties = {}, required = [], example = {} }: Schema): fc.Arbitrary<object> => {
    const fields = Object.entries(properties).map(([key, value]) => [key, fitting(value, key)] as const)
    const shown = fields.filter(([key]) => required.includes(key) || key in Object(example))
    const all = fc.record(Object.fromEntries(fields), { requiredKeys: [...required], noNullPrototype: true })
    return fc.oneof(all, fc.record(Object.fromEntries(shown), { noNullPrototype: true }))
  }

  const bodyOf = (schema: Schema): fc.Arbitrary<unknown> => {
    const right = fitting(schema, '')
    const names = Object.keys(resolved(schema).properties ?? {})
    const field = fc.oneof(often(4, oneOf(names)), often(1, oddText))
    const change = fc.tuple(field, fc.oneof(often(3, odd), often(1, fc.constant(undefined))))
    const changed = fc
      .tuple(right, fc.array(change, { minLength: 1, maxLength: 2 }))
      // Entries, so that a key of `__proto__` is a key. What is undefined is left out of the JSON.
      .map(([body, changes]) => Object.fromEntries([...Object.entries(Object(body)), ...changes]))
    return fc.oneof(often(8, right), often(4, changed), often(1, odd))
  }

  return oneOf(places).chain((place) => fc.oneof(often(1, shownRequest(place)), often(2, anyRequest(place))))

  /** As the document shows it, about what is there, by somebody who may. */
  function shownRequest({ path, method, operation }: Place): fc.Arbitrary<FuzzRequest> {
    const { operationId, parameters = [], tags } = operation
    const content = operation.requestBody?.content['application/json']
    const isWebhook = operationId === 'receiveStripeWebhook'
    const ids = parameters.filter((it) => it.in === 'path').map((it) => thereFor(operation, path, it)[0] ?? '')
    const example = Object(content && resolved(content.schema).example)
    const fields = Object.entries(example).map(([key, value]) => [key, known.fields[key]?.[0] ?? value])
    const [fresh] = freshFor[operationId] ?? []
    const isOfAdmins = tags.includes('Webhook events') || tags.includes('Audit log')
    return fc.record(
      {
        operation: fc.constant(operationId),
        method: fc.constant(method),
        path: fc.constant(fill(path, ids)),
        token:
          operationId === 'getMetrics' ? fc.constant('metrics') : oneOf(isOfAdmins ? ['admin'] : ['admin', 'service']),
        headers: fc.record({ 'Idempotency-Key': fc.uuid(), 'Content-Type': fc.constant('application/json') }),
        ...(content && {
          body: isWebhook ? oneOf(known.events) : fc.constant(JSON.stringify(Object.fromEntries(fields))),
        }),
        ...(fresh && { fresh: fc.constant(fresh) }),
        ...(isWebhook && { signature: fc.constant('right' as const) }),
      },
      { noNullPrototype: true },
    )
  }

  function anyRequest({ path, method, operation }: Place): fc.Arbitrary<FuzzRequest> {
    const { operationId, parameters = [] } = operation
    const segments = parameters.filter((it) => it.in === 'path').map((it) => idOf(operation, path, it))
    const query = parameters.filter((it) => it.in === 'query')
    const isWebhook = operationId === 'receiveStripeWebhook'
    const schema = operation.requestBody?.content['application/json']?.schema
    const json = schema && bodyOf(schema).map((value) => JSON.stringify(value) ?? '')
    const body = isWebhook && json ? fc.oneof(often(2, oneOf(known.events)), often(1, json)) : json
    const fresh = freshFor[operationId]
    return fc.record(
      {
        operation: fc.constant(operationId),
        method: fc.constant(method),
        path: fc.tuple(fc.tuple(...segments), queryOf(query)).map(([ids, text]) => fill(path, ids) + text),
        token: fc.oneof(
          often(8, fc.constantFrom('admin', 'service', 'alice')),
          often(3, fc.constantFrom('support', 'bob', 'nobody', 'metrics')),
          often(1, fc.constantFrom('anonymous', 'x', 'a.b.c')),
        ),
        headers: headersOf(parameters, body !== undefined),
        ...(body && { body: fc.oneof(often(16, body), often(1, brokenText)) }),
        ...(fresh && { fresh: oneOf(fresh) }),
        ...(isWebhook && { signature: fc.constantFrom('right' as const, 'right', 'right', 'wrong', 'none') }),
      },
      { noNullPrototype: true },
    )
  }

  function thereFor({ tags, operationId }: Operation, path: string, { name }: Parameter): readonly string[] {
    if (freshFor[operationId]) return [FRESH]
    const kind = path.startsWith('/api/v1/payments/') ? 'Payments' : (tags[0] ?? '')
    return known.ids[name] ?? known.ids[kind] ?? []
  }

  function idOf(operation: Operation, path: string, parameter: Parameter): fc.Arbitrary<string> {
    const others = Object.values(known.ids).flat()
    return fc
      .oneof(
        often(12, oneOf(thereFor(operation, path, parameter))),
        often(3, oneOf(others)),
        often(1, fc.stringMatching(new RegExp(parameter.schema.pattern ?? '^x$'))),
        often(1, oddText),
      )
      .map(asSegment)
  }

  function queryOf(parameters: readonly Parameter[]): fc.Arbitrary<string> {
    const values = parameters.map(({ name, schema }) => {
      const right = name === 'cursor' ? oneOf(known.cursors) : fitting(schema, name)
      const text = fc.oneof(often(6, right.map(String)), often(1, oddText))
      return fc.option(
        text.map((value) => `${name}=${encoded(value)}`),
        { nil: undefined, freq: 2 },
      )
    })
    const extra = fc.tuple(oddText, oddText).map(([key, value]) => `${encoded(key)}=${encoded(value)}`)
    const raw = fc.constantFrom(
      'limit=1&limit=2',
      'limit',
      'cursor=%00',
      'cursor=%zz',
      '%',
      '&&==',
      '__proto__=1',
      'verbose',
    )
    const junk = fc.oneof(often(12, fc.constant(undefined)), often(1, extra), often(1, raw))
    return fc.tuple(...values, junk).map((parts) => {
      const given = parts.filter((part) => part !== undefined)
      return given.length > 0 ? `?${given.join('&')}` : ''
    })
  }
}

/** What an operation uses up, so that each request of it gets its own. */
const freshFor: Readonly<Record<string, readonly FreshKind[]>> = {
  confirmPayment: ['unpaid'],
  capturePayment: ['authorized', 'authorized', 'authorized', 'paid'],
  cancelPayment: ['unpaid', 'authorized', 'paid'],
  createRefund: ['paid', 'paid', 'paid', 'authorized'],
  setDefaultPaymentMethod: ['method'],
  detachPaymentMethod: ['method'],
  updateSubscription: ['subscription', 'ending'],
  resumeSubscription: ['ending', 'ending', 'subscription'],
  cancelSubscription: ['subscription', 'ending'],
}

const integers = ({ minimum, exclusiveMinimum, maximum }: Schema): fc.Arbitrary<number> => {
  const min = minimum ?? (exclusiveMinimum === undefined ? -1000 : exclusiveMinimum + 1)
  const max = maximum ?? 2 ** 53
  // Mostly what shops take: Stripe's own limits are far below an integer's.
  return fc.oneof(
    often(6, fc.integer({ min, max: Math.min(max, 1000) })),
    often(
      1,
      fc.maxSafeInteger().map((it) => Math.min(max, Math.max(min, it))),
    ),
  )
}

const texts = ({ pattern, format, minLength = 0, maxLength = 100 }: Schema): fc.Arbitrary<string> => {
  if (format === 'uri')
    return fc.constantFrom('https://shop.example/done', 'https://shop.example/?a=b#c', 'http://localhost/')
  if (pattern) return fc.stringMatching(new RegExp(pattern))
  const size = { minLength, maxLength }
  return fc.oneof(often(6, fc.string(size)), often(1, fc.string({ ...size, unit: 'grapheme' })))
}

const brokenText = fc.constantFrom(
  '',
  '{',
  '[',
  '{"a":1',
  'null',
  '"x"',
  '1',
  '{"a":1}{"b":2}',
  '\u0000',
  '{"amount":1e999}',
  '['.repeat(5000),
)

const idempotencyKeys = fc.oneof(
  often(6, fc.uuid()),
  often(1, fc.constantFrom('used', 'used as well')),
  often(
    1,
    fc.constantFrom('', ' ', 'x'.repeat(255), 'x'.repeat(256), 'a\tb', 'caf\u00e9', '\u0080', '4242424242424242'),
  ),
)

function headersOf(parameters: readonly Parameter[], hasBody: boolean): fc.Arbitrary<Record<string, string>> {
  const isKeyed = parameters.some((it) => it.in === 'header')
  const model = {
    ...(isKeyed && { 'Idempotency-Key': idempotencyKeys }),
    ...(hasBody && {
      'Content-Type': fc.oneof(
        often(20, fc.constantFrom('application/json', 'application/json; charset=utf-8')),
        often(
          1,
          fc.constantFrom('text/plain', 'application/x-www-form-urlencoded', 'application/merge-patch+json', 'json'),
        ),
      ),
    }),
    'X-Request-Id': fc.constantFrom('abc', '', 'x'.repeat(300), 'a b', '{}'),
    Accept: fc.constantFrom('*/*', 'text/html', 'application/xml', ''),
  }
  return fc.record(model, { requiredKeys: hasBody ? ['Content-Type'] : [], noNullPrototype: true })
}

/** Lone surrogates have no encoding in an address. */
const encoded = (text: string) => encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, '\ufffd'))

/** As one segment of a path: what would be another path becomes a segment of its own. */
const asSegment = (text: string) => (/^(?:\.{0,2})$/.test(text) ? 'x' : encoded(text))

function fill(path: string, ids: readonly string[]): string {
  let next = 0
  return path.replaceAll(/\{\w+\}/g, () => ids[next++] ?? '')
}
