import { expect, it } from 'vitest'
import { testCipher } from '../test/opened.ts'
import { sandboxedFlorin, service } from '../test/sandboxed-florin.ts'
import { checkSettings, settingLimits } from './check-settings.ts'
import { defaultSettings } from './deps.ts'
import { createFlorin } from './index.ts'

/** As a program without types gives them. */
const check = (settings: object) => checkSettings(settings, undefined)

it.each(Object.keys(defaultSettings))('%s has its default where it is undefined', (name) => {
  expect(check({ [name]: undefined })).toStrictEqual(defaultSettings)
})

it.each([true, false])('goes by the mode of the key (%s) where livemode is undefined', (ofKey) => {
  expect(checkSettings({ livemode: undefined }, ofKey).livemode).toBe(ofKey)
  expect(checkSettings({ livemode: !ofKey }, ofKey).livemode).toBe(!ofKey)
})

const counted = Object.entries(settingLimits).map(([name, limits]) => ({ name, ...limits }))

it.each(counted)('$name is a whole number from $least to $most', ({ name, least, most }) => {
  const longKept = { operationRetentionMs: settingLimits.operationRetentionMs.most }
  for (const value of [least, most]) expect(check({ ...longKept, [name]: value })).toMatchObject({ [name]: value })
  for (const value of [least - 1, most + 1, least + 0.5, Number.NaN, Number.POSITIVE_INFINITY, String(least), null]) {
    const said = { field: `settings.${name}`, message: expect.stringContaining(`from ${least} to ${most}`) }
    const fields = expect.arrayContaining([said])
    expect(() => check({ [name]: value })).toThrow(
      expect.objectContaining({ code: 'input_invalid', details: { fields } }),
    )
  }
})

it.each([
  ['installation', ''],
  ['installation', 7],
  ['livemode', 'false'],
  ['userSetsAmount', 0],
  ['requireIdempotencyKey', 'true'],
  ['autoRefundDuplicates', null],
  ['subscribablePrices', 'price_1234567890'],
  ['userIdPattern', '^user_'],
  ['requireIdempotencyKeys', true],
])('refuses %s that is %j', (name, value) => {
  const wrong = { code: 'input_invalid', message: expect.stringContaining(`settings.${name}: `) }
  expect(() => check({ [name]: value })).toThrow(expect.objectContaining(wrong))
})

it('keeps no key longer than the operation that has it', () => {
  const idempotencyKeyMs = defaultSettings.operationRetentionMs + 1
  expect(() => check({ idempotencyKeyMs })).toThrow('settings.idempotencyKeyMs: must be at most operationRetentionMs')
})

it('is done by createFlorin, which names all that is wrong', () => {
  const { storage, gateway } = sandboxedFlorin()
  const settings = { paymentRecoveryWindowMs: Number.NaN, eventAttempts: 0 }
  expect(() => createFlorin({ storage, gateway, cipher: testCipher, settings })).toThrow(
    /settings\.paymentRecoveryWindowMs: .*; settings\.eventAttempts: /,
  )
})

it('an unset recovery window charges no second time', async () => {
  const { florin, sandbox } = sandboxedFlorin({ webhooks: false, settings: { paymentRecoveryWindowMs: undefined } })
  await florin.paymentMethods.attach({ userId: 'user_1', paymentMethod: 'pm_card_visa' }, { actor: service })
  sandbox.faults.inject({ kind: 'cut', path: '/v1/payment_intents' })
  const order = { userId: 'user_1', amount: 1000, currency: 'EUR', paymentMethod: 'pm_card_visa' }
  const paid = florin.payments.create(order, { actor: service, idempotencyKey: 'order-17' })
  await expect(paid).rejects.toMatchObject({ code: 'gateway_outcome_unknown' })
  // By then Stripe has forgotten its key.
  await sandbox.clock.advance(26 * 3600)
  await florin.maintenance.recover()
  expect(sandbox.state.all('charge')).toHaveLength(1)
})
