import { createServer } from 'node:http'
import { type DomainEvent, webhookSender } from '@florin/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { createMetrics, metricsObserver } from '../src/index.ts'
import { presentDispute } from '../src/wire/dispute.ts'
import { presentInvoice } from '../src/wire/invoice.ts'
import { presentPayment } from '../src/wire/payment.ts'
import { presentPaymentMethod } from '../src/wire/payment-method.ts'
import { presentRefund } from '../src/wire/refund.ts'
import { presentSubscription } from '../src/wire/subscription.ts'
import { openWorld, paidPayment } from './http-world.ts'

/** The object of an event as the API answers it. */
function presented({ data }: DomainEvent): object {
  switch (data.object) {
    case 'payment':
      return presentPayment(data)
    case 'refund':
      return presentRefund(data)
    case 'subscription': {
      const shown = presentSubscription(data)
      // The one thing that an event has and the API has not: Stripe's id of each item.
      return { ...shown, items: shown.items.map((item, index) => ({ id: data.items[index]?.id, ...item })) }
    }
    case 'invoice':
      return presentInvoice(data)
    case 'payment_method':
      return presentPaymentMethod(data)
    case 'dispute':
      return presentDispute(data)
  }
}

const secret = `whsec_${btoa('a secret of thirty-two characters')}`

describe('events that are posted', () => {
  test('carry every object just as the API answers it', async () => {
    const { florin, send, webhooks, basic } = await openWorld()
    const user = { user_id: 'alice' }
    await send('POST', '/api/v1/payment-methods', { ...user, payment_method: 'pm_card_visa', set_default: true })
    const metadata = { orderId: 'A-1', 'Some Key': 'x' }
    await send('POST', '/api/v1/subscriptions', { ...user, price_id: basic, metadata })
    const payment = { ...user, amount: 1000, currency: 'USD', metadata }
    const paid = await paidPayment(send)
    await send('POST', '/api/v1/payments', { ...payment, payment_method: 'pm_card_chargeDeclined' })
    await send('POST', '/api/v1/payments', { ...payment, payment_method: 'pm_card_createDispute' })
    await send('POST', '/api/v1/refunds', { transaction_id: paid.id, amount: 400 })
    await webhooks()

    const expected = new Map<string, { type: string; timestamp: string; data: object }>()
    florin.on('*', (event) => {
      expected.set(event.id, { type: event.type, timestamp: event.occurredAt, data: presented(event) })
    })
    const posted = new Map<string, unknown>()
    const keep = async (_: string, { headers, body }: RequestInit) => {
      posted.set(new Headers(headers).get('webhook-id') ?? '', JSON.parse(String(body)))
      return new Response()
    }
    florin.on('*', webhookSender({ endpoints: [{ url: 'https://shop.example/', secret }], fetch: keep }))
    await florin.maintenance.dispatch()

    expect(posted).toStrictEqual(expected)
    const objects = new Set([...expected.values()].map(({ type }) => type.split('.')[0]))
    expect(objects).toEqual(new Set(['payment', 'refund', 'subscription', 'invoice', 'payment_method', 'dispute']))
    expect(JSON.stringify([...posted.values()])).toContain('"Some Key":"x"')
  })

  test('over the network are not sent on by a redirect, and both outcomes are counted', async () => {
    const asked: string[] = []
    const receiver = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`)
      const moved = request.url === '/moved'
      response.writeHead(moved ? 308 : 200, moved ? { Location: '/elsewhere' } : {}).end()
    })
    onTestFinished(() => void receiver.close())
    await new Promise<void>((resolve) => void receiver.listen(0, '127.0.0.1', resolve))
    const { port } = z.object({ port: z.number() }).parse(receiver.address())
    const metrics = createMetrics()
    const { florin, send } = await openWorld({
      observer: metricsObserver(metrics),
      // Given up at once, so that it does not come due again while the test runs.
      settings: { eventAttempts: 1 },
    })
    const to = (path: string) => webhookSender({ endpoints: [{ url: `http://127.0.0.1:${port}${path}`, secret }] })

    await paidPayment(send)
    const off = florin.on('*', to('/moved'))
    expect(await florin.maintenance.dispatch()).toEqual({ delivered: 0, failed: 0, dead: 1 })
    off()
    florin.on('*', to('/here'))
    await paidPayment(send)
    expect(await florin.maintenance.dispatch()).toEqual({ delivered: 1, failed: 0, dead: 0 })
    expect(asked).toEqual(['POST /moved', 'POST /here'])
    const text = await metrics.text()
    for (const outcome of ['dead', 'delivered']) {
      expect(text).toContain(`domain_event_deliveries_total{type="payment.succeeded",outcome="${outcome}"} 1`)
    }
    expect(text).toContain('domain_event_delay_seconds_count 1')
  })
})
