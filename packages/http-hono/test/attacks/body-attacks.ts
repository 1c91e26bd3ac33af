import { gzipSync } from 'node:zlib'
import { expect } from 'vitest'
import type { Attack } from './attack.ts'
import type { AttackWorld } from './attack-world.ts'

const order = { user_id: 'alice', amount: 1000, currency: 'USD', payment_method: 'pm_card_visa' }
const json = JSON.stringify(order)
const MEGABYTE = 1_048_576

type Body = string | Uint8Array<ArrayBuffer> | (() => ReadableStream)
interface Sent {
  readonly body: Body
  readonly status: number
  readonly code?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly path?: string
  readonly check?: Attack['check']
}

const malformed = { status: 400, code: 'body_malformed' }
const invalid = { status: 422, code: 'input_invalid' }
const tooLarge = { status: 413, code: 'body_too_large' }
const wrongType = { status: 415, code: 'unsupported_media_type' }

const withField = (field: string) => `${json.slice(0, -1)},${field}}`
const nested = (open: string, close: string, depth: number) => `${open.repeat(depth)}${close.repeat(depth)}`
const bytes = (text: string, encoding: 'utf16le' | 'latin1') => Uint8Array.from(Buffer.from(text, encoding))
const unpolluted: Attack['check'] = () => {
  expect('admin' in {}).toBe(false)
  expect(Object.hasOwn(Object.prototype, 'roles')).toBe(false)
}

/** More than is allowed, in pieces whose number nobody was told. */
const stream = (size: number) => () =>
  new ReadableStream({
    start(controller) {
      for (let sent = 0; sent < size; sent += 65_536) controller.enqueue(new Uint8Array(65_536).fill(0x20))
      controller.close()
    },
  })

const bodies: Readonly<Record<string, Sent>> = {
  'a field of the prototype': { body: withField('"__proto__":{"admin":true}'), ...invalid, check: unpolluted },
  'the prototype alone': {
    body: '{"__proto__":{"user_id":"alice","amount":1000,"currency":"USD"}}',
    ...invalid,
    check: unpolluted,
  },
  'a constructor': { body: withField('"constructor":{"prototype":{"admin":true}}'), ...invalid, check: unpolluted },
  'metadata of the prototype': {
    body: withField('"metadata":{"__proto__":{"roles":"admin"}}'),
    status: 201,
    check: unpolluted,
  },
  'metadata whose prototype is a text': {
    body: withField('"metadata":{"__proto__":"x","a":"b"}'),
    status: 201,
    check: unpolluted,
  },
  'metadata named as methods': {
    body: withField('"metadata":{"toString":"x","hasOwnProperty":"y","valueOf":"z"}'),
    status: 201,
  },
  'metadata named as fields of ours': { body: withField('"metadata":{"florin_id":"tx_1"}'), ...invalid },
  'metadata of 45 keys': {
    body: withField(`"metadata":{${Array.from({ length: 45 }, (_, index) => `"k${index}":"v"`).join()}}`),
    ...invalid,
  },
  'metadata of numbers': { body: withField('"metadata":{"a":1}'), ...invalid },
  'metadata of objects': { body: withField('"metadata":{"a":{"b":"c"}}'), ...invalid },
  'metadata that is a list': { body: withField('"metadata":["a"]'), ...invalid },
  'a role of its own': { body: withField('"roles":["admin"]'), ...invalid },
  "a field in core's spelling": { body: withField('"userId":"bob"'), ...invalid },
  'a user twice, the second foreign': {
    body: withField('"user_id":"bob"'),
    status: 201,
    check: ({ text }) => expect(JSON.parse(text).user_id).toBe('bob'),
  },
  'an amount twice': { body: withField('"amount":-1'), ...invalid },
  'a list that is deep': { body: withField(`"description":${nested('[', ']', 10_000)}`), ...invalid },
  'objects that are deep': {
    body: withField(`"metadata":${nested('{"a":', '}', 10_000).replace(':}', ':1}')}`),
    ...invalid,
  },
  'a body that is nothing but deep': { body: nested('[', ']', 100_000), ...invalid },
  'a deep list that never ends': { body: '['.repeat(250_000), ...malformed },
  'an amount beyond all numbers': { body: json.replace('1000', '1e400'), ...invalid },
  'an amount beyond whole numbers': { body: json.replace('1000', '9007199254740993'), ...invalid },
  'an amount of a thousand digits': { body: json.replace('1000', '9'.repeat(1000)), ...invalid },
  'a negative amount': { body: json.replace('1000', '-1000'), ...invalid },
  'an amount of minus nothing': { body: json.replace('1000', '-0'), ...invalid },
  'half an amount': { body: json.replace('1000', '1000.5'), ...invalid },
  'an amount that is nearly whole': { body: json.replace('1000', '1000.0000000000001'), ...invalid },
  'an amount as text': { body: json.replace('1000', '"1000"'), ...invalid },
  'an amount in a list': { body: json.replace('1000', '[1000]'), ...invalid },
  'an amount that is true': { body: json.replace('1000', 'true'), ...invalid },
  'an amount that is null': { body: json.replace('1000', 'null'), ...invalid },
  'an amount over the most': { body: json.replace('1000', '100000000'), ...invalid },
  NaN: { body: json.replace('1000', 'NaN'), ...malformed },
  Infinity: { body: json.replace('1000', 'Infinity'), ...malformed },
  'a number in hexadecimal': { body: json.replace('1000', '0x3e8'), ...malformed },
  'a comma too many': { body: withField('"a":1,'), ...malformed },
  'single quotes': { body: json.replaceAll('"', "'"), ...malformed },
  'a comment': { body: `/* */${json}`, ...malformed },
  'two bodies': { body: `${json}${json}`, ...malformed },
  'half a body': { body: json.slice(0, -10), ...malformed },
  'no body': { body: '', ...malformed },
  blanks: { body: ' \n ', ...malformed },
  'a raw line break in a text': { body: json.replace('alice', 'ali\nce'), ...malformed },
  'a raw zero byte': { body: json.replace('alice', 'ali\u0000ce'), ...malformed },
  null: { body: 'null', ...invalid },
  'a number': { body: '7', ...invalid },
  'a text': { body: '"alice"', ...invalid },
  'a list of bodies': { body: `[${json}]`, ...invalid },
  'UTF-16': { body: bytes(json, 'utf16le'), ...malformed },
  'bytes that are no text': { body: Uint8Array.from([0xff, 0xfe, 0x00, 0x80]), ...malformed },
  'text that is no UTF-8 within': { body: bytes(json.replace('alice', 'al\u00efce'), 'latin1'), ...invalid },
  'a compressed body': { body: Uint8Array.from(gzipSync(json)), ...malformed, headers: { 'Content-Encoding': 'gzip' } },
  'a form': {
    body: 'user_id=alice&amount=1000',
    ...wrongType,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  },
  'a form of parts': {
    body: '--x\r\n\r\n--x--',
    ...wrongType,
    headers: { 'Content-Type': 'multipart/form-data; boundary=x' },
  },
  'XML with an entity': {
    body: '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    ...{ ...wrongType, headers: { 'Content-Type': 'application/xml' } },
  },
  'JSON as text': { body: json, ...wrongType, headers: { 'Content-Type': 'text/plain' } },
  'JSON without its type': { body: json, ...wrongType, headers: { 'Content-Type': '' } },
  'a type that only begins as JSON does': {
    body: json,
    ...wrongType,
    headers: { 'Content-Type': 'application/jsonp' },
  },
  'JSON in a charset of its own': {
    body: json,
    status: 201,
    headers: { 'Content-Type': 'application/json; charset=utf-7' },
  },
  '10 MB': { body: withField(`"description":"${'x'.repeat(10 * MEGABYTE)}"`), ...tooLarge },
  '10 MB of blanks': { body: ' '.repeat(10 * MEGABYTE), ...tooLarge },
  '10 MB in pieces': { body: stream(10 * MEGABYTE), ...tooLarge },
  'a byte over the most': { body: json.padEnd(MEGABYTE / 4 + 1), ...tooLarge },
  'all that is allowed': { body: json.padEnd(MEGABYTE / 4), status: 201 },
  '10 MB to the webhook': { body: ' '.repeat(10 * MEGABYTE), ...tooLarge, path: '/api/v1/webhooks/stripe' },
  '10 MB in pieces to the webhook': { body: stream(10 * MEGABYTE), ...tooLarge, path: '/api/v1/webhooks/stripe' },
  'the method of another request': { body: json, status: 201, headers: { 'X-HTTP-Method-Override': 'DELETE' } },
  'the address of another request': {
    body: json,
    status: 201,
    headers: { 'X-Original-URL': '/metrics', 'X-Rewrite-URL': '/metrics' },
  },
  'another key for each byte': { body: json, ...invalid, headers: { 'Idempotency-Key': 'k'.repeat(256) } },
  'a key that is blank': { body: json, ...invalid, headers: { 'Idempotency-Key': ' ' } },
  'a key of another script': { body: json, ...invalid, headers: { 'Idempotency-Key': 'k\u00e9y' } },
  'a key that is SQL': { body: json, status: 201, headers: { 'Idempotency-Key': "'; drop table operations; --" } },
  'a card number for a key': {
    body: json,
    status: 400,
    code: 'card_number_refused',
    headers: { 'Idempotency-Key': '4242424242424242' },
  },
  'a card number for the id of the request': {
    body: json,
    status: 201,
    headers: { 'X-Request-Id': '4242424242424242' },
    check: ({ headers }) => expect(headers.get('x-request-id')).not.toContain('4242'),
  },
  'SQL for the id of the request': {
    body: json,
    status: 201,
    headers: { 'X-Request-Id': "'; drop table audit_log; --" },
  },
  'a line of the log for the id of the request': {
    body: json,
    status: 201,
    headers: { 'X-Request-Id': '{"level":"ERROR"}' },
  },
}

export const bodyAttacks: readonly Attack[] = Object.entries(bodies).map(
  ([what, { body, status, code, headers, path = '/api/v1/payments', check }]): Attack => ({
    name: what,
    ...{ status, ...(code !== undefined && { code }), ...(check && { check }) },
    reply: (world: AttackWorld) =>
      world.ask('POST', path, {
        token: world.tokens.service,
        headers: { 'Content-Type': 'application/json', ...headers },
        body: typeof body === 'function' ? body() : body,
      }),
  }),
)
