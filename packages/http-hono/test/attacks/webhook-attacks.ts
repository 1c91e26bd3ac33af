import { expect } from 'vitest'
import type { Attack } from './attack.ts'
import { type AttackWorld, now } from './attack-world.ts'

const event = (changes: object = {}) => ({
  id: `evt_attack${Math.random().toString(36).slice(2)}`,
  ...{ object: 'event', type: 'product.created', api_version: '2026-10-28.endive', created: now() },
  ...{ livemode: false, pending_webhooks: 1, request: null, data: { object: { id: 'prod_1', object: 'product' } } },
  ...changes,
})
const body = (changes: object = {}) => JSON.stringify(event(changes))

interface Delivery {
  readonly body: string | Uint8Array<ArrayBuffer>
  readonly headers: Readonly<Record<string, string>>
}
type MakeDelivery = (world: AttackWorld) => Delivery

/** The body is what it is, and the header what is made of the right one. */
const header =
  (change: (right: string, body: string) => string | undefined): MakeDelivery =>
  (world) => {
    const text = body()
    // Without the decoy that Stripe's test mode adds.
    const signature = change(world.sign(text).replace(/,v0=.*/, ''), text)
    return { body: text, headers: signature === undefined ? {} : { 'Stripe-Signature': signature } }
  }
const signed =
  (text: string | Uint8Array<ArrayBuffer>): MakeDelivery =>
  (world) => ({
    body: text,
    headers: { 'Stripe-Signature': world.sign(text) },
  })
const hex = (header: string) => header.replace(/.*v1=/, '')
const time = (header: string) => header.match(/t=(\d+)/)?.[1] ?? ''

const forged: Readonly<Record<string, MakeDelivery>> = {
  'no signature': header(() => undefined),
  'an empty signature': header(() => ''),
  'a signature of words': header(() => 'signed by Stripe'),
  'a time alone': header((right) => `t=${time(right)}`),
  'a signature without its time': header((right) => `v1=${hex(right)}`),
  'an empty v1': header((right) => `t=${time(right)},v1=`),
  'half of v1': header((right) => right.slice(0, -32)),
  'v1 with one other digit': header((right) => right.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))),
  'v1 in upper case': header((right) => `t=${time(right)},v1=${hex(right).toUpperCase()}`),
  'v1 in base64': header((right) => `t=${time(right)},v1=${Buffer.from(hex(right), 'hex').toString('base64')}`),
  'a blank after the comma': header((right) => right.replace(',', ', ')),
  'v0 alone': header((right) => right.replace('v1=', 'v0=')),
  'a scheme of its own': header((right) => right.replace('v1=', 'v2=')),
  'another time than was signed': header((right) => right.replace(/t=\d+/, `t=${now() - 1}`)),
  'a time that is no number': header((right) => right.replace(/t=\d+/, 't=now')),
  'a thousand signatures': header((right) => `t=${time(right)},${'v1=00,'.repeat(1000)}v1=0`),
  'a signature of 8 KB': header((right) => `${right}${'0'.repeat(8000)}`),
  'the signature of another event': (world) => ({ body: body(), headers: { 'Stripe-Signature': world.sign(body()) } }),
  'one byte more than was signed': (world) => {
    const text = body()
    return { body: `${text} `, headers: { 'Stripe-Signature': world.sign(text) } }
  },
  'the same event, written in another way': (world) => {
    const text = body()
    return { body: JSON.stringify(JSON.parse(text), null, 1), headers: { 'Stripe-Signature': world.sign(text) } }
  },
  'another secret': (world) => {
    const text = body()
    return { body: text, headers: { 'Stripe-Signature': world.sign(text, 'whsec_guess') } }
  },
  'the secret of the sandbox': (world) => {
    const text = body()
    return { body: text, headers: { 'Stripe-Signature': world.sign(text, 'whsec_florin_sandbox') } }
  },
  'an empty secret': (world) => {
    const text = body()
    return { body: text, headers: { 'Stripe-Signature': world.sign(text, 'whsec_') } }
  },
  '301 seconds old': (world) => {
    const text = body()
    return { body: text, headers: { 'Stripe-Signature': world.sign(text, undefined, now() - 302) } }
  },
  'an empty body': (world) => ({ body: '', headers: { 'Stripe-Signature': world.sign('') } }),
  'a mark of byte order before it': (world) => {
    const text = body()
    return { body: Uint8Array.from(Buffer.from(`\ufeff${text}`)), headers: { 'Stripe-Signature': world.sign(text) } }
  },
  'a token in the place of a signature': (world) => ({
    body: body(),
    headers: { Authorization: `Bearer ${world.tokens.admin}` },
  }),
}

const noEvent: Readonly<Record<string, MakeDelivery>> = {
  'what is no JSON': signed('oops'),
  'half an event': signed(body().slice(0, -5)),
  'a list': signed('[]'),
  null: signed('null'),
  'a text': signed('"evt_1"'),
  'an empty object': signed('{}'),
  'a thin event': signed(
    '{"object":"v2.core.event","id":"evt_2","type":"v1.charge.refunded","created":"2026-01-01T00:00:00Z"}',
  ),
  'an event without an id': signed(body({ id: undefined })),
  'an id that is a number': signed(body({ id: 7 })),
  'an event without a type': signed(body({ type: undefined })),
  'an event without data': signed(body({ data: undefined })),
  'a time that is a text': signed(body({ created: 'now' })),
  'a time that is none': signed(body({ created: 1e300 })),
  'a deep body': signed('['.repeat(100_000)),
}

const taken: Readonly<Record<string, MakeDelivery>> = {
  'the right signature': header((right) => right),
  'a right signature among wrong ones': header((right) => right.replace(',v1=', ',v1=00,v0=11,v1=')),
  'a time that is to come': (world) => {
    const text = body()
    return { body: text, headers: { 'Stripe-Signature': world.sign(text, undefined, now() + 3600) } }
  },
  'an event of live mode': signed(body({ livemode: true })),
  'SQL in its type': signed(body({ type: "x'; drop table webhook_events; --" })),
  'SQL in its object': signed(
    body({
      type: 'customer.deleted',
      data: { object: { id: "cus_'; drop table x; --", object: 'customer', deleted: true } },
    }),
  ),
}

const post =
  (make: MakeDelivery): Attack['reply'] =>
  (world) => {
    const { body, headers } = make(world)
    return world.ask('POST', '/api/v1/webhooks/stripe', {
      body,
      headers: { 'Content-Type': 'application/json', ...headers },
    })
  }

export const webhookAttacks: readonly Attack[] = [
  ...Object.entries(forged).map(
    ([what, make]): Attack => ({
      name: `forged: ${what}`,
      ...{ status: 400, code: 'webhook_signature_invalid', reply: post(make) },
    }),
  ),
  ...Object.entries(noEvent).map(
    ([what, make]): Attack => ({
      name: `signed, and no event: ${what}`,
      ...{ status: 400, code: 'webhook_payload_invalid', reply: post(make) },
    }),
  ),
  ...Object.entries(taken).map(
    ([what, make]): Attack => ({
      name: `taken: ${what}`,
      ...{ status: 200, reply: post(make), check: ({ text }) => expect(text).toBe('{"received":true}') },
    }),
  ),
]
