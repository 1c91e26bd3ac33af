// Stripe without a delay: answers what the benchmarks ask at once, in Stripe's shapes, and counts the calls.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { stripeClient } from '@florin/core/stripe'
import { createStripeSandbox } from '@florin/stripe-sandbox'

const { intent, charge, customer } = await shapes()
const calls: Record<string, number> = {}
let made = 0

const server = createServer((request, response) => {
  bodyOf(request).then(
    (body) => send(response, answer(request, new URLSearchParams(body))),
    () => response.destroy(),
  )
})
server.keepAliveTimeout = 60_000
server.listen(Number(process.env.PORT), '127.0.0.1')

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

type Answer = readonly [status: number, body: object]

function answer({ method = '', url = '' }: IncomingMessage, form: URLSearchParams): Answer {
  if (url === '/calls') return [200, calls]
  const call = `${method} ${url.split(/[?]/)[0]?.split('/').slice(0, 3).join('/')}`
  calls[call] = (calls[call] ?? 0) + 1
  made += 1
  const id = `${process.pid}x${String(made + 1e9)}`
  const created = Math.floor(Date.now() / 1000)
  const metadata = Object.fromEntries(
    [...form].flatMap(([name, value]) => {
      const key = name.match(/^metadata\[(.+)\]$/)?.[1]
      return key === undefined ? [] : [[key, value]]
    }),
  )
  if (call === 'POST /v1/customers') return [200, { ...customer, id: `cus_${id}`, created, metadata }]
  if (call === 'POST /v1/payment_intents') {
    const amount = Number(form.get('amount'))
    const links = { customer: form.get('customer'), created, metadata, amount }
    const ofIntent = { ...charge, ...links, id: `ch_${id}`, amount_captured: amount, payment_intent: `pi_${id}` }
    const isExpanded = form.get('expand[0]') === 'latest_charge'
    const answered = {
      ...{ ...intent, ...links, id: `pi_${id}`, amount_received: amount, client_secret: `pi_${id}_secret_0123456789` },
      ...{ currency: form.get('currency'), latest_charge: isExpanded ? ofIntent : ofIntent.id },
    }
    return [200, answered]
  }
  const error = { type: 'invalid_request_error', code: 'resource_missing', message: `No such object: ${url}` }
  return [404, { error }]
}

function send(response: ServerResponse, [status, body]: Answer): void {
  const text = JSON.stringify(body, undefined, 2)
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }
  response.writeHead(status, { ...headers, 'Request-Id': `req_${made}` }).end(text)
}

/** The objects as the sandbox makes them. */
async function shapes() {
  const sandbox = createStripeSandbox()
  const stripe = stripeClient({ secretKey: 'sk_test_florin_sandbox', fetch: sandbox.fetch })
  const { lastResponse: _, ...customer } = await stripe.customers.create()
  const { lastResponse: __, ...intent } = await stripe.paymentIntents.create({
    ...{ amount: 1999, currency: 'usd', customer: customer.id, payment_method: 'pm_card_visa', confirm: true },
    ...{ automatic_payment_methods: { enabled: true, allow_redirects: 'never' }, expand: ['latest_charge'] },
  })
  return { customer, intent, charge: intent.latest_charge as object }
}
