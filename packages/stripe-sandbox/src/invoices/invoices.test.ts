import { describe, expect, test } from 'vitest'
import { at, day, hour, openBilling } from '../../test/billing-rig.ts'

describe('one-off invoices', () => {
  test('items, draft, finalised, paid', async () => {
    const { stripe, sandbox, customer, card, news } = await openBilling()
    const draft = await stripe.invoices.create({ customer, description: 'Work', default_payment_method: card })
    expect(draft).toMatchObject({
      status: 'draft',
      billing_reason: 'manual',
      total: 0,
      parent: null,
      auto_advance: false,
    })
    const { id: price } = await stripe.prices.create({ product: 'prod_florin_demo', currency: 'usd', unit_amount: 300 })
    await stripe.invoiceItems.create({
      customer,
      invoice: draft.id,
      amount: 1000,
      currency: 'usd',
      description: 'Hours',
    })
    await stripe.invoiceItems.create({ customer, invoice: draft.id, pricing: { price }, quantity: 2 })
    expect(await stripe.invoices.retrieve(draft.id)).toMatchObject({ total: 1600, amount_due: 1600, number: null })
    const open = await stripe.invoices.finalizeInvoice(draft.id)
    expect(open).toMatchObject({
      status: 'open',
      number: expect.stringMatching(/-0001$/),
      effective_at: sandbox.clock.now(),
      status_transitions: { finalized_at: sandbox.clock.now(), paid_at: null },
      next_payment_attempt: null,
    })
    const lines = await stripe.invoices.listLineItems(draft.id)
    expect(lines.data.map(({ amount, description, parent }) => [amount, description, parent?.type])).toEqual([
      [1000, 'Hours', 'invoice_item_details'],
      [600, 'Florin demo', 'invoice_item_details'],
    ])
    await sandbox.webhooks.settled()
    news()
    expect(await stripe.invoices.pay(draft.id)).toMatchObject({ status: 'paid', amount_paid: 1600 })
    await sandbox.webhooks.settled()
    expect(news()).toEqual([
      'charge.succeeded',
      'payment_intent.succeeded',
      'invoice_payment.paid',
      'invoice.updated',
      'invoice.paid',
      'invoice.payment_succeeded',
    ])
    await expect(stripe.invoices.pay(draft.id)).rejects.toMatchObject({
      statusCode: 400,
      code: undefined,
      message: 'Invoice is already paid',
    })
    await expect(stripe.invoices.finalizeInvoice(draft.id)).rejects.toMatchObject({ statusCode: 400 })
    await expect(stripe.invoices.voidInvoice(draft.id)).rejects.toMatchObject({ statusCode: 400 })
  })

  test('finalised by hand, its event tells when it is collected', async () => {
    const { stripe, sandbox, customer, eventsOf } = await openBilling()
    const { id } = await stripe.invoices.create({ customer })
    await stripe.invoiceItems.create({ customer, invoice: id, amount: 1000, currency: 'usd' })
    const open = await stripe.invoices.finalizeInvoice(id, { auto_advance: true })
    expect(open.next_payment_attempt).toBe(sandbox.clock.now() + hour)
    await sandbox.webhooks.settled()
    const { next_payment_attempt } = open
    expect(eventsOf('invoice.finalized')).toMatchObject([{ data: { object: { id, next_payment_attempt } } }])
  })

  test('with auto_advance it is finalised after an hour, and retried like a renewal', async () => {
    const { stripe, sandbox, customer, replaceCard } = await openBilling()
    await replaceCard('pm_card_chargeCustomerFail')
    await stripe.invoiceItems.create({ customer, amount: 1000, currency: 'usd' })
    const draft = await stripe.invoices.create({
      customer,
      auto_advance: true,
      pending_invoice_items_behavior: 'include',
    })
    expect(draft).toMatchObject({ total: 1000, automatically_finalizes_at: sandbox.clock.now() + hour })
    await sandbox.clock.advance(hour)
    expect(await stripe.invoices.retrieve(draft.id)).toMatchObject({ status: 'open', attempt_count: 1 })
    await replaceCard('pm_card_visa')
    await sandbox.clock.advance(3 * day)
    expect(await stripe.invoices.retrieve(draft.id)).toMatchObject({ status: 'paid', attempt_count: 2 })
  })

  test('only a one-off draft can be deleted, and its items wait again', async () => {
    const { stripe, customer, subscribe } = await openBilling()
    await stripe.invoiceItems.create({ customer, amount: 1000, currency: 'usd' })
    const draft = await stripe.invoices.create({ customer, pending_invoice_items_behavior: 'include' })
    expect((await stripe.invoiceItems.list({ pending: true })).data).toEqual([])
    expect(await stripe.invoices.del(draft.id)).toEqual(expect.objectContaining({ id: draft.id, deleted: true }))
    await expect(stripe.invoices.retrieve(draft.id)).rejects.toMatchObject({ statusCode: 404, param: 'invoice' })
    expect((await stripe.invoiceItems.list({ pending: true })).data).toHaveLength(1)
    const { latest_invoice: first } = await subscribe()
    await expect(stripe.invoices.del(String(first))).rejects.toMatchObject({ statusCode: 400 })
  })

  test('out of band: paid without a payment, and without invoice.payment_succeeded', async () => {
    const { stripe, sandbox, customer, eventsOf } = await openBilling()
    await stripe.invoiceItems.create({ customer, amount: 1000, currency: 'usd' })
    const draft = await stripe.invoices.create({ customer, pending_invoice_items_behavior: 'include' })
    const paid = await stripe.invoices.pay(draft.id, { paid_out_of_band: true, expand: ['payments'] })
    expect(paid).toMatchObject({ status: 'paid', attempt_count: 0, payments: { data: [{ status: 'canceled' }] } })
    await sandbox.webhooks.settled()
    expect(eventsOf('invoice.paid')).toHaveLength(1)
    expect(eventsOf('invoice.payment_succeeded')).toHaveLength(0)
    expect((await stripe.charges.list()).data).toEqual([])
  })

  test('void and uncollectible', async () => {
    const { stripe, sandbox, customer, card, eventsOf } = await openBilling()
    const openOne = async () => {
      const { id } = await stripe.invoices.create({ customer })
      await stripe.invoiceItems.create({ customer, invoice: id, amount: 1000, currency: 'usd' })
      await stripe.invoices.finalizeInvoice(id)
      return id
    }
    const first = await openOne()
    expect(await stripe.invoices.voidInvoice(first)).toMatchObject({
      status: 'void',
      status_transitions: { voided_at: sandbox.clock.now() },
    })
    const second = await openOne()
    expect(await stripe.invoices.markUncollectible(second)).toMatchObject({
      status: 'uncollectible',
      amount_remaining: 1000,
      status_details: { uncollectible: { reason: 'user_forgiven' } },
    })
    expect(await stripe.invoices.pay(second, { payment_method: card })).toMatchObject({ status: 'paid' })
    await sandbox.webhooks.settled()
    expect(eventsOf('invoice.voided')).toHaveLength(1)
    expect(eventsOf('invoice.marked_uncollectible')).toHaveLength(1)
    await expect(stripe.invoices.pay(first)).rejects.toMatchObject({ statusCode: 400 })
    expect((await stripe.invoices.list({ customer, status: 'void' })).data.map(({ id }) => id)).toEqual([first])
  })

  test('credit is used up before anything is charged, and a void gives it back', async () => {
    const { stripe, customer } = await openBilling()
    await stripe.customers.update(customer, { balance: -700 })
    await stripe.invoiceItems.create({ customer, amount: 1000, currency: 'usd' })
    const draft = await stripe.invoices.create({ customer, pending_invoice_items_behavior: 'include' })
    expect(draft).toMatchObject({ starting_balance: -700, amount_due: 300, ending_balance: null })
    expect(await stripe.invoices.finalizeInvoice(draft.id)).toMatchObject({ amount_due: 300, ending_balance: 0 })
    expect(await stripe.customers.retrieve(customer)).toMatchObject({ balance: 0 })
    await stripe.invoices.voidInvoice(draft.id)
    expect(await stripe.customers.retrieve(customer)).toMatchObject({ balance: -700 })
  })

  test('a sum too small to charge is carried over', async () => {
    const { stripe, customer } = await openBilling()
    await stripe.invoiceItems.create({ customer, amount: 30, currency: 'usd' })
    const draft = await stripe.invoices.create({ customer, pending_invoice_items_behavior: 'include' })
    expect(await stripe.invoices.finalizeInvoice(draft.id)).toMatchObject({ status: 'paid', amount_due: 0, total: 30 })
    expect(await stripe.customers.retrieve(customer)).toMatchObject({ balance: 30 })
  })

  test('drafts can be edited, finalised ones only in little', async () => {
    const { stripe, customer, sandbox } = await openBilling()
    const { id } = await stripe.invoices.create({ customer })
    const item = await stripe.invoiceItems.create({ customer, invoice: id, amount: 1000, currency: 'usd' })
    await stripe.invoiceItems.update(item.id, { amount: 2500, description: 'More' })
    expect(await stripe.invoices.update(id, { footer: 'Thanks', number: 'F-1' })).toMatchObject({
      footer: 'Thanks',
      total: 2500,
    })
    await stripe.invoiceItems.create({ customer, invoice: id, amount: -500, currency: 'usd' })
    expect(await stripe.invoices.finalizeInvoice(id)).toMatchObject({ number: 'F-1', total: 2000 })
    await expect(stripe.invoiceItems.del(item.id)).rejects.toMatchObject({ statusCode: 400 })
    await expect(stripe.invoices.update(id, { footer: 'No' })).rejects.toMatchObject({ param: 'footer' })
    expect(await stripe.invoices.update(id, { metadata: { a: '1' }, auto_advance: true })).toMatchObject({
      metadata: { a: '1' },
      auto_advance: true,
      next_payment_attempt: sandbox.clock.now() + hour,
    })
  })

  test('long invoices show ten lines and page the rest', async () => {
    const { stripe, customer } = await openBilling()
    const { id } = await stripe.invoices.create({ customer })
    for (let n = 1; n <= 12; n += 1) {
      await stripe.invoiceItems.create({ customer, invoice: id, amount: n * 100, currency: 'usd' })
    }
    const invoice = await stripe.invoices.retrieve(id)
    expect(invoice.lines).toMatchObject({ has_more: true, url: `/v1/invoices/${id}/lines` })
    expect(invoice.lines.data).toHaveLength(10)
    const all = await stripe.invoices.listLineItems(id).autoPagingToArray({ limit: 100 })
    expect(all.reduce((sum, { amount }) => sum + amount, 0)).toBe(7800)
    expect(invoice.total).toBe(7800)
  })

  test('lists filter by customer, subscription, status and time', async () => {
    const { stripe, sandbox, customer, subscribe } = await openBilling()
    const { id: subscription } = await subscribe()
    await sandbox.clock.advanceTo(at('2026-12-02'))
    const { id: draft } = await stripe.invoices.create({ customer })
    const ids = async (params: Parameters<typeof stripe.invoices.list>[0]) =>
      (await stripe.invoices.list(params)).data.map(({ id }) => id)
    expect(await ids({ subscription })).toHaveLength(2)
    expect(await ids({ customer })).toHaveLength(3)
    expect(await ids({ status: 'draft' })).toEqual([draft])
    expect(await ids({ created: { gt: at('2026-12-01') } })).toEqual([draft])
    expect(await ids({ customer: 'cus_other' })).toEqual([])
  })

  test('paying without any card is refused', async () => {
    const { stripe } = await openBilling()
    const { id: customer } = await stripe.customers.create()
    await stripe.invoiceItems.create({ customer, amount: 1000, currency: 'usd' })
    const { id } = await stripe.invoices.create({ customer, pending_invoice_items_behavior: 'include' })
    await expect(stripe.invoices.pay(id)).rejects.toMatchObject({ statusCode: 400, code: 'resource_missing' })
  })

  test('a deleted customer, a detached card or a canceled payment stops nothing else', async () => {
    const { stripe, sandbox, customer, card } = await openBilling()
    const draft = async () => {
      const { id } = await stripe.invoices.create({ customer, auto_advance: true, default_payment_method: card })
      await stripe.invoiceItems.create({ customer, invoice: id, amount: 1000, currency: 'usd' })
      return id
    }
    const first = await draft()
    await stripe.paymentMethods.detach(card)
    await sandbox.clock.advance(2 * hour)
    const unpaid = await stripe.invoices.retrieve(first, { expand: ['payments'] })
    expect(unpaid).toMatchObject({ status: 'open', attempt_count: 1 })
    await stripe.paymentIntents.cancel(String(unpaid.payments?.data[0]?.payment.payment_intent))
    const { id: better } = await stripe.paymentMethods.attach('pm_card_visa', { customer })
    const paid = await stripe.invoices.pay(first, { payment_method: better, expand: ['payments'] })
    expect(paid).toMatchObject({ status: 'paid', payments: { data: [{ status: 'paid' }, { status: 'canceled' }] } })
    const { id: second } = await stripe.invoices.create({ customer, auto_advance: true })
    await stripe.customers.del(customer)
    await sandbox.clock.advance(9 * day)
    expect(await stripe.invoices.retrieve(second)).toMatchObject({ status: 'draft', auto_advance: false })
  })
})
