import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { card, debtWorld } from '../../test/debt-world.ts'
import { alice, service } from '../../test/sandboxed-florin.ts'
import { many } from '../ports/storage.ts'

const declining = 'pm_card_chargeDeclined'
const authenticating = 'pm_card_threeDSecure2Required'

describe('a duplicate', () => {
  const twice = async (options: Parameters<typeof debtWorld>[0] = {}) => {
    const world = debtWorld(options)
    const { complete } = await world.openCheckout()
    const { data: paid } = await world.pay()
    await complete()
    return { ...world, paid }
  }

  it('is left to people unless the deployment says so, also when it says so later', async () => {
    const { settle, net, told, florin, paid, payments } = await twice({ settings: { autoRefundDuplicates: false } })
    await settle()
    expect([net(), await told('payment.duplicate_detected'), await told('payment.duplicate_refunded')]).toEqual([
      2000, 1, 0,
    ])
    expect(await florin.maintenance.refundDuplicates()).toEqual({ refunded: 0, left: 0, open: 0 })
    const duplicate = (await payments()).find(({ duplicateOf }) => duplicateOf === paid.id)
    await florin.refunds.create({ transactionId: duplicate?.id ?? '' }, { actor: service })
    expect(await told('payment.duplicate_refunded')).toBe(1)
  })

  it('is not refunded where the one that paid was given back', async () => {
    const { settle, net, florin, paid } = await twice()
    await florin.refunds.create({ transactionId: paid.id }, { actor: service })
    await settle()
    expect(net()).toBe(1000)
  })

  describe('where the one that paid is disputed', () => {
    const disputed = async (evidence?: string) => {
      const world = debtWorld()
      await world.pay({ paymentMethod: 'pm_card_createDispute' })
      await world.settle()
      const [dispute] = z.array(z.looseObject({ id: z.string() })).parse(world.sandbox.state.all('dispute'))
      if (evidence)
        await world.stripe(`disputes/${dispute?.id}`, { 'evidence[uncategorized_text]': evidence, submit: 'true' })
      // One that nobody answers is lost after nine days.
      await world.advance((evidence ? 100 : 8) * 24 * 3600)
      await world.settle()
      await world.payElsewhere()
      await world.settle()
      return world
    }

    it.each([
      ['open', undefined],
      ['lost', 'losing_evidence'],
    ])('is not refunded: %s', async (status, evidence) => {
      const { net, told, storage } = await disputed(evidence)
      const { disputes } = await storage.load({ disputes: many('disputes', {}) })
      expect(disputes).toMatchObject([{ status: status === 'open' ? 'needs_response' : status }])
      expect([net(), await told('payment.duplicate_detected')]).toEqual([2000, 1])
    })

    it('is refunded once the dispute is won', async () => {
      expect((await disputed('winning_evidence')).net()).toBe(1000)
    })
  })

  it('that was given back takes no claim by what is told of it late', async () => {
    const { pay, openCheckout, settle, payments, florin } = debtWorld({ settings: { autoRefundDuplicates: false } })
    const { complete } = await openCheckout()
    const { data: holder } = await pay({ paymentMethod: authenticating, returnUrl: 'https://shop.example' })
    await complete()
    await settle()
    const duplicate = (await payments()).find(({ duplicateOf }) => duplicateOf === holder.id)
    await florin.refunds.create({ transactionId: duplicate?.id ?? '' }, { actor: service })
    await florin.payments.cancel({ id: holder.id }, { actor: service })
    await settle()
    expect((await pay()).data.status).toBe('succeeded')
  })

  it.each(['before', 'after'] as const)(
    'that was given back, as is told %s the holder’s end, frees the reference',
    async (told) => {
      const world = debtWorld()
      const { data: holder } = await world.pay({ paymentMethod: 'pm_card_chargeDeclined' })
      const duplicate = await world.payElsewhere()
      await world.letIn()
      await world.stripe('refunds', { payment_intent: String(duplicate.id) })
      if (told === 'before') await world.letIn()
      await world.florin.payments.cancel({ id: holder.id }, { actor: service })
      await world.letIn()
      expect((await world.pay()).data.status).toBe('succeeded')
    },
  )

  it('is not refunded where less than the amount due was captured', async () => {
    const { openCheckout, pay, settle, net, florin } = debtWorld()
    const { complete } = await openCheckout()
    const { data } = await pay({ captureMethod: 'manual' })
    await florin.payments.capture({ id: data.id, amount: 999 }, { actor: service })
    await complete()
    await settle()
    expect(net()).toBe(1999)
  })

  it('is not refunded where it is history', async () => {
    const { settle, net, told, advance } = await twice()
    await advance(31 * 24 * 3600)
    await settle()
    expect([net(), await told('payment.duplicate_detected')]).toEqual([2000, 1])
  })

  it('is not refunded where it is of another currency', async () => {
    const { openCheckout, pay, settle, told, florin, payments } = debtWorld()
    const { complete } = await openCheckout({ currency: 'EUR' })
    await pay()
    await complete()
    await settle()
    expect(await told('payment.duplicate_detected')).toBe(1)
    expect(await payments()).toMatchObject([{ amountRefunded: 0 }, { amountRefunded: 0 }])
    expect(await florin.maintenance.refundDuplicates()).toEqual({ refunded: 0, left: 0, open: 0 })
  })

  it('is refunded outside of the webhook, which calls nobody', async () => {
    const { letIn, counts, florin, net } = await twice()
    counts.reset()
    await letIn()
    expect([counts.calls, net()]).toEqual([0, 2000])
    expect(await florin.maintenance.refundDuplicates()).toEqual({ refunded: 1, left: 0, open: 0 })
    expect([counts.calls, net()]).toEqual([1, 1000])
  })

  it('is refunded once by ten processes, and when every answer of Stripe is lost', async () => {
    const { letIn, florin, net, sandbox, advance } = await twice()
    await letIn()
    sandbox.faults.inject({ kind: 'cut', path: '/v1/refunds' })
    const looks = await Promise.all(Array.from({ length: 10 }, () => florin.maintenance.refundDuplicates()))
    expect(looks.filter(({ refunded, open }) => refunded + open > 0)).toEqual([{ refunded: 0, left: 0, open: 1 }])
    for (let round = 0; round < 3; round += 1) {
      await advance(61)
      await florin.maintenance.refundDuplicates()
    }
    await letIn()
    expect([sandbox.state.all('refund').length, net()]).toEqual([1, 1000])
  })

  it('is refunded by the next look where the first one never reached Stripe', async () => {
    const { letIn, florin, net, sandbox, advance } = await twice()
    await letIn()
    sandbox.faults.inject({ kind: 'cut_before', path: '/v1/refunds' })
    expect(await florin.maintenance.refundDuplicates()).toMatchObject({ open: 1 })
    expect(await florin.maintenance.refundDuplicates()).toMatchObject({ open: 0, refunded: 0 })
    await advance(61)
    expect(await florin.maintenance.refundDuplicates()).toEqual({ refunded: 1, left: 0, open: 0 })
    expect(net()).toBe(1000)
  })

  it('whose refund failed later is not refunded anew, also when its key would have expired', async () => {
    const world = debtWorld()
    const { pay, payElsewhere, letIn, florin, sandbox, advance } = world
    await pay()
    await payElsewhere({ payment_method: 'pm_card_refundFail' })
    await letIn()
    expect(await florin.maintenance.refundDuplicates()).toMatchObject({ refunded: 1 })
    await advance(3 * 24 * 3600)
    await letIn()
    expect(sandbox.state.all('refund')).toMatchObject([{ status: 'failed' }])
    // Another one makes the debt due again.
    await payElsewhere()
    await letIn()
    await florin.maintenance.refundDuplicates()
    expect(sandbox.state.all('refund')).toHaveLength(2)
  })

  it('is told to be refunded once all of its money went back', async () => {
    const { letIn, florin, told, paid, payments } = await twice()
    await letIn()
    const duplicate = (await payments()).find(({ duplicateOf }) => duplicateOf === paid.id)
    const back = (amount: number) =>
      florin.refunds.create({ transactionId: duplicate?.id ?? '', amount }, { actor: service })
    await back(400)
    expect(await told('payment.duplicate_refunded')).toBe(0)
    await back(600)
    expect(await told('payment.duplicate_refunded')).toBe(1)
  })

  it('that was given back does not stand in the way of the first payment', async () => {
    const { openCheckout, pay, letIn, florin, payments, net } = debtWorld()
    const { complete } = await openCheckout()
    const { data } = await pay({ paymentMethod: declining })
    await complete()
    await letIn()
    const confirm = () => florin.payments.confirm({ id: data.id, paymentMethod: card }, { actor: alice })
    await expect(confirm()).rejects.toMatchObject({ code: 'reference_already_claimed' })
    const duplicate = (await payments()).find(({ duplicateOf }) => duplicateOf === data.id)
    await florin.refunds.create({ transactionId: duplicate?.id ?? '' }, { actor: service })
    expect((await confirm()).data.status).toBe('succeeded')
    expect(net()).toBe(1000)
  })

  it('is known as one where only the refresher sees it succeed', async () => {
    const { pay, payElsewhere, letIn, sandbox, florin, advance, told, payments } = debtWorld()
    const { data } = await pay()
    const made = await payElsewhere({ payment_method: authenticating })
    await letIn()
    expect(await told('payment.duplicate_detected')).toBe(0)
    await sandbox.control('POST', `/payment_intents/${made.id}/authenticate`, {})
    await advance(3600)
    await florin.maintenance.refresh()
    expect(await told('payment.duplicate_detected')).toBe(1)
    expect(await payments()).toEqual(expect.arrayContaining([expect.objectContaining({ duplicateOf: data.id })]))
  })

  it('is told once, however often and in which order its webhooks come', async () => {
    const { settle, told, sandbox, net } = await twice({
      sandbox: { webhookMode: { hold: true, duplicate: 1, reorder: 5 } },
    })
    await settle()
    for (const type of ['payment.duplicate_detected', 'payment.duplicate_refunded']) expect(await told(type)).toBe(1)
    expect([net(), sandbox.state.all('refund').length]).toEqual([1000, 1])
  })
})
