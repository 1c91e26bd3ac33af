import Stripe from 'stripe'
import { expect, test } from 'vitest'
import { openSandbox } from '../test/rig.ts'
import { serveSandbox } from './index.ts'

test('listens on this machine, refuses a taken port, and stops', async () => {
  const sandbox = openSandbox()
  const served = await serveSandbox(sandbox, { port: 0 })
  expect(served.url).toBe(`http://127.0.0.1:${served.port}`)
  expect((await fetch(`${served.url}/_sandbox/clock`)).status).toBe(200)
  await expect(serveSandbox(sandbox, { port: served.port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  await served.close()
  await expect(fetch(`${served.url}/_sandbox/clock`)).rejects.toThrow()
})

test('the same story told in-process and over HTTP leaves the same state', async () => {
  const tell = async (stripe: Stripe) => {
    const customer = await stripe.customers.create({ name: 'Ada', metadata: { a: 'ü&=[]' } }, { idempotencyKey: '1' })
    const card = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id }, { idempotencyKey: '2' })
    const paid = await stripe.paymentIntents.create(
      {
        amount: 1234,
        currency: 'eur',
        customer: customer.id,
        payment_method: card.id,
        confirm: true,
        off_session: true,
        automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
      },
      { idempotencyKey: '3' },
    )
    await stripe.refunds.create({ payment_intent: paid.id, amount: 234 }, { idempotencyKey: '4' })
  }
  const inProcess = openSandbox()
  await tell(new Stripe('sk_test_x', { httpClient: Stripe.createFetchHttpClient(inProcess.fetch), telemetry: false }))
  const overHttp = openSandbox()
  const served = await serveSandbox(overHttp, { port: 0 })
  await tell(new Stripe('sk_test_x', { host: '127.0.0.1', port: served.port, protocol: 'http', telemetry: false }))
  await served.close()
  expect(overHttp.state.snapshot()).toEqual(inProcess.state.snapshot())
})

test('a real endpoint receives what stripe-node can verify, and may call back meanwhile', async () => {
  const received: string[] = []
  const sandbox = openSandbox({ webhookEndpoints: [{ url: 'http://127.0.0.1:1/', secret: 'whsec_real' }] })
  const served = await serveSandbox(sandbox, { port: 0 })
  const stripe = new Stripe('sk_test_x', { host: '127.0.0.1', port: served.port, protocol: 'http', telemetry: false })
  const { createServer } = await import('node:http')
  const app = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const event = stripe.webhooks.constructEvent(
      Buffer.concat(chunks),
      String(request.headers['stripe-signature']),
      'whsec_real',
    )
    if (event.type === 'customer.created') await stripe.customers.update(event.data.object.id, { name: 'seen' })
    received.push(event.type)
    response.end()
  })
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
  const address = app.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const [endpoint] = (await stripe.webhookEndpoints.list()).data
  await stripe.webhookEndpoints.update(endpoint?.id ?? '', { url: `http://127.0.0.1:${address.port}/hooks` })
  const customer = await stripe.customers.create()
  await sandbox.webhooks.settled()
  expect(received).toEqual(['customer.created', 'customer.updated'])
  expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ name: 'seen' })
  app.close()
  await served.close()
})
