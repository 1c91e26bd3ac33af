import { describe, expect, it } from 'vitest'
import { alice, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'

const order = { userId: alice.id, amount: 1000, currency: 'USD', paymentMethod: 'pm_card_visa' }
const card = '4242424242424242'

const refusal = async (input: object, { settings = {}, key = '1' }: { settings?: object; key?: string } = {}) => {
  const one = sandboxedFlorin({ settings })
  const error: unknown = await one.florin.payments
    .create({ ...order, ...input }, { actor: service, idempotencyKey: key })
    .then(
      ({ data }) => data,
      (thrown: unknown) => thrown,
    )
  return error
}

describe('what a caller says', () => {
  it.each([
    { why: 'as the user', input: { userId: card } },
    { why: 'in a key of metadata', input: { metadata: { [`card ${card}`]: 'x' } } },
    { why: 'in a value of metadata', input: { metadata: { note: card } } },
    { why: 'in a URL', input: { returnUrl: `https://shop.example/?card=${card}` } },
    { why: 'in its idempotency key', input: {}, key: `order ${card}` },
  ])('holds no card number $why, and the refusal does not repeat it', async ({ input, key }) => {
    const error = await refusal(input, key === undefined ? {} : { key })
    expect(error).toMatchObject({ kind: 'invalid', code: 'card_number_refused' })
    expect(JSON.stringify(error) + String(error)).not.toContain(card)
  })

  it.each([
    { why: 'a zero byte', key: 'a\u0000b' },
    { why: 'half a character', key: 'a\ud800b' },
    { why: 'square brackets', key: 'a[b]' },
    { why: 'more than 40 characters', key: 'x'.repeat(41) },
    { why: "Florin's own prefix", key: 'florin_id' },
    { why: 'nothing', key: '' },
  ])('has no key of metadata with $why', async ({ key }) => {
    const error = await refusal({ metadata: { [key]: 'x' } })
    expect(error).toMatchObject({ code: 'input_invalid' })
    expect(String(error)).toMatch(/metadata\..*: (holds a character|must)/s)
  })

  it('is looked at no further where it is too long', async () => {
    const text = `${card} `.repeat(1000)
    for (const input of [{ description: text }, { returnUrl: `https://shop.example/?${text}` }, { userId: text }]) {
      expect(await refusal(input)).toMatchObject({ code: 'input_invalid' })
    }
  })

  it('names users as the host says that they are named, digits included', async () => {
    const settings = { userIdPattern: /^\d{16}$/ }
    expect(await refusal({ userId: card }, { settings })).toMatchObject({ status: 'succeeded', userId: card })
    expect(await refusal({ userId: 'alice' }, { settings })).toMatchObject({
      code: 'input_invalid',
      details: { fields: [{ field: 'userId' }] },
    })
  })

  it('names users in up to 255 characters', async () => {
    expect(await refusal({ userId: 'u'.repeat(255) })).toMatchObject({ status: 'succeeded' })
    expect(await refusal({ userId: 'u'.repeat(256) })).toMatchObject({ code: 'input_invalid' })
  })

  it.each([
    { why: 'no list', cursor: '{}' },
    { why: 'three parts', cursor: '["2026-01-01T00:00:00.000Z","tx_1","x"]' },
    { why: 'no time', cursor: '["now","tx_1"]' },
    { why: 'a year that no database has', cursor: '["+275760-09-13T00:00:00.000Z","tx_1"]' },
    { why: 'a year before all others', cursor: '["0000-01-01T00:00:00.000Z","tx_1"]' },
    { why: 'a day that is none', cursor: '["2026-02-30T00:00:00.000Z","tx_1"]' },
    { why: 'a zero byte in its id', cursor: '["2026-01-01T00:00:00.000Z","tx_\\u0000"]' },
  ])('is no cursor with $why', async ({ cursor }) => {
    const { florin } = sandboxedFlorin()
    const asked = florin.payments.list({ userId: alice.id, cursor: Buffer.from(cursor).toString('base64url') }, alice)
    await expect(asked).rejects.toMatchObject({ code: 'input_invalid', details: { fields: [{ field: 'cursor' }] } })
  })

  it.each([
    { input: { userId: undefined }, field: 'userId', message: 'is required' },
    { input: { description: '' }, field: 'description', message: 'must have at least 1 character' },
    { input: { reference: 'x'.repeat(300) }, field: 'reference', message: 'must have at most 255 characters' },
    { input: { description: 7 }, field: 'description', message: 'must be text' },
    { input: { metadata: { a: 1 } }, field: 'metadata.a', message: 'must be text' },
    { input: { metadata: { '': 'a' } }, field: 'metadata.', message: 'must have at least 1 character' },
    { input: { metadata: [] }, field: 'metadata', message: 'must be an object' },
    { input: { offSession: 'yes' }, field: 'offSession', message: 'must be true or false' },
    {
      input: { offSession: true, paymentMethod: undefined },
      field: 'offSession',
      message: 'needs a payment method: without one the payment waits for the customer',
    },
    { input: { captureMethod: 'later' }, field: 'captureMethod', message: 'must be one of automatic, manual' },
    { input: { amout: 1 }, field: 'amout', message: 'is not a field of this request' },
    {
      ...{ input: { returnUrl: 7 }, field: 'returnUrl', message: 'must be an http or https URL' },
    },
  ])('is told what is wrong in plain words: $field $message', async ({ input, field, message }) => {
    expect(await refusal(input)).toMatchObject({ code: 'input_invalid', details: { fields: [{ field, message }] } })
  })

  it('is told every field that nobody asked for', async () => {
    const fields = ['one', 'two'].map((field) => ({ field, message: 'is not a field of this request' }))
    expect(await refusal({ one: 1, two: 2 })).toMatchObject({ details: { fields } })
  })

  it('is told 20 fields, and how many more are wrong', async () => {
    const named = Array.from({ length: 100_000 }, (_, index) => [`field ${index}`, card])
    const many = await refusal(Object.fromEntries(named))
    const others = Array.from({ length: 20 }, (_, index) => expect.objectContaining({ field: `field ${index}` }))
    const more = { field: '(more)', message: '99980 more fields are wrong' }
    expect(many).toMatchObject({ code: 'input_invalid', details: { fields: [...others, more] } })
    const one = await refusal({ metadata: Object.fromEntries(named.slice(0, 21).map(([key]) => [key, ''])) })
    expect(one).toMatchObject({
      code: 'input_invalid',
      message: expect.stringMatching(/\(more\): 1 more field is wrong$/),
    })
  })

  it('has its keys of metadata counted before one is looked at', async () => {
    const keys = Array.from({ length: 45 }, (_, index) => [`[${index}]`, card])
    expect(await refusal({ metadata: Object.fromEntries(keys) })).toMatchObject({
      ...{ code: 'input_invalid', details: { fields: [{ field: 'metadata', message: 'must have at most 44 keys' }] } },
    })
  })

  it.each([
    { limit: 0, message: 'must be at least 1' },
    { limit: 101, message: 'must be at most 100' },
    { limit: 1.5, message: 'must be a whole number' },
    { limit: 'ten', message: 'must be a number' },
  ])('has no limit of $limit: it $message', async ({ limit, message }) => {
    const { florin } = sandboxedFlorin()
    // As a caller without types may ask.
    const input: object = { userId: alice.id, limit }
    await expect(florin.payments.list({ userId: alice.id, ...input }, alice)).rejects.toMatchObject({
      ...{ code: 'input_invalid', details: { fields: [{ field: 'limit', message }] } },
    })
  })
})
