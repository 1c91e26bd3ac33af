import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { alice, sandboxedFlorin, service } from '../../test/sandboxed-florin.ts'
import { type WebhookEndpoint, webhookSender } from '../index.ts'

const secret = `whsec_${btoa('a secret of thirty-two characters')}`
const older = `whsec_${btoa('another secret, which is older now')}`
const shop = 'https://shop.example/florin?key=hidden'
const books = 'https://books.example/'

interface Post {
  readonly url: string
  readonly body: string
  readonly headers: Record<string, string>
  readonly redirect: RequestRedirect | undefined
}

type Answers = (url: string, signal: AbortSignal | undefined) => Response | Promise<Response>

/** A Florin whose events are posted to endpoints that answer as the test says. */
async function posting({
  endpoints = [{ url: shop, secret }],
  answers = () => new Response(null, { status: 204 }),
  timeoutMs = 1000,
}: {
  endpoints?: readonly WebhookEndpoint[]
  answers?: Answers
  timeoutMs?: number
} = {}) {
  const one = sandboxedFlorin()
  const posts: Post[] = []
  const send = async (url: string, { body, headers, redirect, signal }: RequestInit) => {
    posts.push({ url, body: String(body), headers: Object.fromEntries(new Headers(headers)), redirect })
    return answers(url, signal ?? undefined)
  }
  one.florin.on('*', webhookSender({ endpoints, fetch: send, timeoutMs }))
  const input = { userId: alice.id, amount: 1000, currency: 'USD', metadata: { orderId: 'A-1' } }
  await one.florin.payments.create({ ...input, paymentMethod: 'pm_card_visa' }, { actor: service })
  await one.sandbox.webhooks.settled()
  const dispatch = () => one.florin.maintenance.dispatch()
  const reasons = () =>
    one.happenings.flatMap((it) => (it.what === 'event_dispatched' && it.reason !== undefined ? [it.reason] : []))
  return { ...one, posts, dispatch, reasons }
}

const typesTo = (posts: readonly Post[], url: string) =>
  posts.filter((post) => post.url === url).map(({ body }) => JSON.parse(body).type)

describe('posting events', () => {
  it('signs them by the Standard Webhooks scheme, with the event’s id', async () => {
    const { posts, dispatch } = await posting()
    await dispatch()
    const post = posts.find(({ body }) => body.includes('payment.succeeded'))
    const verified = new Webhook(secret).verify(post?.body ?? '', post?.headers ?? {})
    expect(verified).toMatchObject({
      type: 'payment.succeeded',
      timestamp: expect.stringMatching(/^2026-\d\d-\d\dT/),
      data: { object: 'payment', user_id: alice.id, amount_captured: 1000, metadata: { orderId: 'A-1' } },
    })
    expect(post?.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': expect.stringMatching(/^event_/),
    })
    expect(() => new Webhook(older).verify(post?.body ?? '', post?.headers ?? {})).toThrow(/signature/)
    expect(() => new Webhook(secret).verify(`${post?.body} `, post?.headers ?? {})).toThrow(/signature/)
  })

  it('signs with every secret while one is rolled', async () => {
    const { posts, dispatch } = await posting({ endpoints: [{ url: shop, secret: [secret, older] }] })
    await dispatch()
    for (const { body, headers } of posts) {
      for (const one of [secret, older]) expect(new Webhook(one).verify(body, headers)).toBeDefined()
    }
  })

  it('posts to each endpoint the types that it wants', async () => {
    const endpoints = [
      { url: shop, secret },
      { url: books, secret: older, types: ['payment.succeeded', 'invoice.paid'] as const },
    ]
    const { posts, dispatch, florin } = await posting({ endpoints })
    await florin.paymentMethods.attach({ userId: alice.id, paymentMethod: 'pm_card_visa' }, { actor: service })
    await dispatch()
    expect(typesTo(posts, books)).toEqual(['payment.succeeded'])
    expect(typesTo(posts, shop).toSorted()).toEqual(['payment.succeeded', 'payment_method.attached'])
  })
})

describe('an endpoint that fails', () => {
  it.each([
    { how: 'answers 500', answer: () => new Response('no', { status: 500 }), says: 'answered 500' },
    { how: 'redirects', answer: () => Response.redirect('https://elsewhere.example/', 307), says: 'answered 307' },
    { how: 'answers 404', answer: () => new Response(null, { status: 404 }), says: 'answered 404' },
    {
      how: 'is not there',
      answer: () => Promise.reject(new TypeError('fetch failed')),
      says: 'did not answer (TypeError)',
    },
  ])('because it $how gets the event again under the same id, signed anew', async ({ answer, says }) => {
    let isDown = true
    const endpoints = [{ url: shop, secret, types: ['payment.succeeded'] as const }]
    const { posts, dispatch, reasons, advance } = await posting({
      endpoints,
      answers: () => (isDown ? answer() : new Response(null, { status: 200 })),
    })
    expect(await dispatch()).toMatchObject({ failed: 1 })
    expect(reasons()).toEqual([`endpoint 1 (https://shop.example) ${says}`])
    isDown = false
    await advance(1)
    expect(await dispatch()).toEqual({ delivered: 1, failed: 0, dead: 0 })
    const [first, second] = posts
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
    expect(posts.map(({ redirect }) => redirect)).toEqual(['manual', 'manual'])
    expect(new Webhook(secret).verify(second?.body ?? '', second?.headers ?? {})).toBeDefined()
  })

  it('by not answering in time is given up for now', async () => {
    const endpoints = [{ url: shop, secret, types: ['payment.succeeded'] as const }]
    const never: Answers = (_, signal) =>
      new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    const { dispatch, reasons } = await posting({ endpoints, answers: never, timeoutMs: 10 })
    expect(await dispatch()).toMatchObject({ failed: 1 })
    expect(reasons()).toEqual(['endpoint 1 (https://shop.example) did not answer (TimeoutError)'])
  })

  it('does not keep the event from the others', async () => {
    const types = ['payment.succeeded'] as const
    const endpoints = [
      { url: shop, secret, types },
      { url: books, secret, types },
    ]
    const { posts, dispatch } = await posting({
      endpoints,
      answers: (url) => new Response(null, { status: url === shop ? 503 : 200 }),
    })
    expect(await dispatch()).toMatchObject({ failed: 1 })
    expect(typesTo(posts, books)).toEqual(types)
  })
})

describe('making a sender', () => {
  it.each([
    {
      what: 'a secret that is no base64',
      endpoint: { url: shop, secret: 'whsec_***' },
      says: /must be whsec_ and base64/,
    },
    { what: 'an empty secret', endpoint: { url: shop, secret: '' }, says: /must be whsec_ and base64/ },
    { what: 'no secret', endpoint: { url: shop, secret: [] }, says: /has no secret/ },
    { what: 'another protocol', endpoint: { url: 'ftp://shop.example/', secret }, says: /is no http or https URL/ },
    { what: 'no URL', endpoint: { url: 'shop', secret }, says: /Invalid URL/ },
    {
      what: 'a URL with a password',
      endpoint: { url: 'https://user:hidden@shop.example/', secret },
      says: /endpoint 1 \(https:\/\/shop.example\) must come without/,
    },
  ])('refuses $what at once, and quotes no secret', ({ endpoint, says }) => {
    const make = () => webhookSender({ endpoints: [endpoint] })
    expect(make).toThrow(TypeError)
    expect(make).toThrow(says)
    expect(make).not.toThrow(/hidden|\*\*\*/)
  })
})
