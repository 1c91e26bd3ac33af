import { describe, expect, test } from 'vitest'
import { monthly } from '../../test/billing-rig.ts'
import { openRig, transports } from '../../test/rig.ts'

describe.each(transports)('customers, %s', (transport) => {
  test('are created, changed, listed by email and deleted', async () => {
    const { sandbox, stripe, received } = await openRig(transport)
    const customer = await stripe.customers.create({
      email: 'a@shop.test',
      name: 'Ada',
      address: { city: 'Graz', country: 'AT' },
      shipping: { name: 'Ada', address: { line1: 'Ring 1' } },
      metadata: { user: '1' },
    })
    expect(customer.id).toMatch(/^cus_\w{14}$/)
    expect(customer).toMatchObject({
      address: { city: 'Graz', state: null },
      metadata: { user: '1' },
      tax_exempt: 'none',
    })
    const changed = await stripe.customers.update(customer.id, { name: 'Ada L.', metadata: { user: '', plan: 'x' } })
    expect(changed).toMatchObject({ name: 'Ada L.', metadata: { plan: 'x' }, email: 'a@shop.test' })
    await stripe.customers.create({ email: 'b@shop.test' })
    expect((await stripe.customers.list({ email: 'a@shop.test' })).data.map(({ id }) => id)).toEqual([customer.id])
    expect(await stripe.customers.del(customer.id)).toEqual({ id: customer.id, object: 'customer', deleted: true })
    expect(await stripe.customers.retrieve(customer.id)).toEqual({ id: customer.id, object: 'customer', deleted: true })
    await expect(stripe.customers.update(customer.id, { name: 'x' })).rejects.toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
      message: `No such customer: '${customer.id}'`,
    })
    await sandbox.webhooks.settled()
    const update = received.find(({ type }) => type === 'customer.updated')
    expect(update?.data.previous_attributes).toEqual({ name: 'Ada', metadata: { user: '1', plan: null } })
    expect(received.at(-1)).toMatchObject({
      type: 'customer.deleted',
      data: { object: { id: customer.id, name: 'Ada L.' } },
    })
  })

  test('save cards, under a new id for a test card, and choose a default', async () => {
    const { sandbox, stripe, types } = await openRig(transport)
    const customer = await stripe.customers.create()
    const visa = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id })
    expect(visa.id).not.toBe('pm_card_visa')
    expect(visa).toMatchObject({ customer: customer.id, card: { brand: 'visa', last4: '4242' } })
    const amex = await stripe.paymentMethods.attach('pm_card_amex', { customer: customer.id })
    const listed = await stripe.paymentMethods.list({ customer: customer.id, type: 'card' })
    expect(listed.data.map(({ id }) => id)).toEqual([amex.id, visa.id])
    expect((await stripe.customers.listPaymentMethods(customer.id, { limit: 1 })).has_more).toBe(true)
    expect((await stripe.customers.retrievePaymentMethod(customer.id, visa.id)).id).toBe(visa.id)
    const settings = { invoice_settings: { default_payment_method: visa.id } }
    await stripe.customers.update(customer.id, settings)
    const expanded = await stripe.customers.retrieve(customer.id, {
      expand: ['invoice_settings.default_payment_method'],
    })
    expect(expanded).toMatchObject({
      invoice_settings: { default_payment_method: { id: visa.id, object: 'payment_method' } },
    })
    await stripe.paymentMethods.detach(visa.id)
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({
      invoice_settings: { default_payment_method: null },
    })
    await expect(stripe.customers.update(customer.id, settings)).rejects.toMatchObject({
      message: `The customer does not have a payment method with the ID ${visa.id}. The payment method must be attached to the customer.`,
    })
    await sandbox.webhooks.settled()
    expect(types().slice(-3)).toEqual(['customer.updated', 'payment_method.detached', 'customer.updated'])
  })

  test('a test id that is saved with a new customer can be its default in the same call', async () => {
    const { sandbox, stripe, received } = await openRig(transport)
    const asDefault = (default_payment_method: string) => ({ invoice_settings: { default_payment_method } })
    const customer = await stripe.customers.create({ payment_method: 'pm_card_visa', ...asDefault('pm_card_visa') })
    const [card] = (await stripe.paymentMethods.list({ customer: customer.id })).data
    expect(customer.invoice_settings.default_payment_method).toBe(card?.id)
    await sandbox.webhooks.settled()
    expect(received.find(({ type }) => type === 'customer.created')?.data.object).toMatchObject(
      asDefault(card?.id ?? ''),
    )
    const started = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: monthly }] })
    expect(started.status).toBe('active')
    // Where nothing is saved, Stripe finds no such card with the customer: each use of a test id would be a new one.
    const refused = {
      statusCode: 400,
      message: expect.stringContaining('does not have a payment method with the ID pm_card_visa.'),
    }
    const use = { default_payment_method: 'pm_card_visa' }
    const draft = await stripe.invoices.create({ customer: customer.id })
    for (const call of [
      stripe.customers.create({ payment_method: 'pm_card_amex', ...asDefault('pm_card_visa') }),
      stripe.customers.update(customer.id, asDefault('pm_card_visa')),
      stripe.subscriptions.create({ customer: customer.id, items: [{ price: monthly }], ...use }),
      stripe.subscriptions.update(started.id, use),
      stripe.invoices.create({ customer: customer.id, ...use }),
      stripe.invoices.pay(draft.id, { payment_method: 'pm_card_visa' }),
    ]) {
      await expect(call).rejects.toMatchObject(refused)
    }
    await expect(
      stripe.customers.create({ payment_method: 'pm_card_chargeDeclined', ...asDefault('pm_card_chargeDeclined') }),
    ).rejects.toMatchObject({ statusCode: 402, code: 'card_declined' })
    expect(sandbox.state.all('customer')).toHaveLength(1)
  })

  test('a payment that was begun before saves no card that was detached, and none of a customer who is gone', async () => {
    const { stripe, sandbox, types } = await openRig(transport)
    const { id: customer } = await stripe.customers.create()
    const { id: card } = await stripe.paymentMethods.attach('pm_card_threeDSecure2Required', { customer })
    const begin = (payment_method: string) =>
      stripe.paymentIntents.create({
        ...{ amount: 500, currency: 'usd', customer, payment_method, confirm: true, return_url: 'https://a.test' },
        setup_future_usage: 'off_session',
      })
    const begun = [await begin(card), await begin('pm_card_threeDSecure2Required')]
    await stripe.paymentMethods.detach(card)
    await stripe.customers.del(customer)
    for (const { id } of begun) await sandbox.control('POST', `/payment_intents/${id}/authenticate`)
    await sandbox.webhooks.settled()
    for (const { id } of begun) expect(await stripe.paymentIntents.retrieve(id)).toMatchObject({ status: 'succeeded' })
    expect(types().filter((type) => type === 'payment_method.attached')).toHaveLength(1)
  })

  test('a detached card, and one used once, can never be used again', async () => {
    const { stripe } = await openRig(transport)
    const customer = await stripe.customers.create()
    const card = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id })
    await stripe.paymentMethods.detach(card.id)
    await expect(stripe.paymentMethods.detach(card.id)).rejects.toMatchObject({
      code: 'payment_method_unexpected_state',
    })
    await expect(stripe.paymentMethods.attach(card.id, { customer: customer.id })).rejects.toMatchObject({
      statusCode: 400,
    })
    const once = await stripe.paymentMethods.create({ type: 'card', card: { token: 'tok_visa' } })
    const pay = () =>
      stripe.paymentIntents.create({
        amount: 500,
        currency: 'usd',
        payment_method: once.id,
        confirm: true,
        return_url: 'https://a.test',
      })
    expect((await pay()).status).toBe('succeeded')
    await expect(pay()).rejects.toMatchObject({ message: expect.stringContaining('It may not be used again') })
    await expect(stripe.paymentMethods.attach(once.id, { customer: customer.id })).rejects.toMatchObject({
      statusCode: 400,
    })
  })

  test('setup_future_usage saves the card that has paid', async () => {
    const { stripe } = await openRig(transport)
    const customer = await stripe.customers.create()
    const paid = await stripe.paymentIntents.create({
      amount: 500,
      currency: 'usd',
      customer: customer.id,
      payment_method: 'pm_card_visa',
      setup_future_usage: 'off_session',
      confirm: true,
      return_url: 'https://a.test',
    })
    expect((await stripe.paymentMethods.list({ customer: customer.id })).data).toMatchObject([
      { id: paid.payment_method },
    ])
  })

  test('a card belongs to its customer', async () => {
    const { stripe } = await openRig(transport)
    const [ada, bob] = [await stripe.customers.create(), await stripe.customers.create()]
    const card = await stripe.paymentMethods.attach('pm_card_visa', { customer: ada.id })
    await expect(stripe.paymentMethods.attach(card.id, { customer: bob.id })).rejects.toMatchObject({
      code: 'payment_method_unexpected_state',
    })
    const params = { amount: 500, currency: 'usd', payment_method: card.id }
    await expect(stripe.paymentIntents.create({ ...params, customer: bob.id })).rejects.toMatchObject({
      param: 'payment_method',
    })
    await expect(stripe.paymentIntents.create(params)).rejects.toMatchObject({ param: 'payment_method' })
    await stripe.customers.del(ada.id)
    expect((await stripe.paymentMethods.retrieve(card.id)).customer).toBeNull()
    await expect(stripe.paymentMethods.attach('pm_card_visa', { customer: ada.id })).rejects.toMatchObject({
      param: 'customer',
    })
  })

  test('attaching asks the bank: a declining card is refused and nothing is kept', async () => {
    const { sandbox, stripe } = await openRig(transport)
    const customer = await stripe.customers.create()
    await expect(
      stripe.paymentMethods.attach('pm_card_chargeDeclined', { customer: customer.id }),
    ).rejects.toMatchObject({
      statusCode: 402,
      code: 'card_declined',
      decline_code: 'generic_decline',
    })
    expect(sandbox.state.all('payment_method')).toEqual([])
    const fine = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: customer.id })
    expect(fine.customer).toBe(customer.id)
    await expect(stripe.paymentMethods.retrieve('pm_none')).rejects.toMatchObject({
      statusCode: 404,
      message: "No such PaymentMethod: 'pm_none'",
    })
  })

  test('a saved card can be changed', async () => {
    const { stripe } = await openRig(transport)
    const customer = await stripe.customers.create({ payment_method: 'pm_card_visa' })
    const [card] = (await stripe.paymentMethods.list({ customer: customer.id })).data
    const changed = await stripe.paymentMethods.update(card?.id ?? '', {
      billing_details: { name: 'Ada' },
      card: { exp_month: 4, exp_year: 2031 },
      metadata: { k: 'v' },
    })
    expect(changed).toMatchObject({
      billing_details: { name: 'Ada', email: null },
      card: { exp_month: 4, exp_year: 2031 },
      metadata: { k: 'v' },
    })
  })

  test('metadata keeps to its limits', async () => {
    const { stripe } = await openRig(transport)
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`k${index}`, 'v']))
    await expect(stripe.customers.create({ metadata: many })).rejects.toMatchObject({ param: 'metadata' })
    await expect(stripe.customers.create({ metadata: { ['k'.repeat(41)]: 'v' } })).rejects.toMatchObject({
      param: 'metadata',
    })
    await expect(stripe.customers.create({ metadata: { k: 'v'.repeat(501) } })).rejects.toMatchObject({
      param: 'metadata',
    })
    const customer = await stripe.customers.create({ metadata: { a: '1' } })
    expect((await stripe.customers.update(customer.id, { metadata: '' })).metadata).toEqual({})
  })
})
