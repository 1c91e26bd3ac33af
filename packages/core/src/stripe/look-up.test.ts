import { expect, it } from 'vitest'
import type { Json } from '../json.ts'
import { lookUp } from './look-up.ts'
import type { StripeRequests } from './stripe-requests.ts'

type Objects = readonly { readonly [key: string]: Json }[]

/** Answers lists in pages of a hundred, and reads of what is in them. */
function listing(objects: Objects) {
  const asked: string[] = []
  const get: StripeRequests['get'] = async (endpoint, path) => {
    asked.push(endpoint)
    const { pathname, searchParams } = new URL(path, 'https://api.stripe.com')
    const told = { stamp: 1, replayed: false }
    const id = decodeURIComponent(pathname.split('/').at(-1) ?? '')
    if (endpoint.endsWith('.read')) return { object: objects.find((one) => one.id === id) ?? {}, ...told }
    const living = objects.filter(({ status }) => status !== 'canceled' || searchParams.get('status') === 'all')
    const from = living.findIndex((one) => one.id === searchParams.get('starting_after')) + 1
    const data = living.slice(from, from + Number(searchParams.get('limit')))
    return { object: { data, has_more: from + data.length < living.length }, ...told }
  }
  return { asked, requests: { get, send: () => Promise.reject(new Error('nothing is sent')) } }
}

const call = (noun: 'refund' | 'subscription' | 'setup', path: string) => ({
  ...{ call: `${noun}.create` as const, subject: null, method: 'POST' as const, path, apiVersion: '' },
  params: { customer: 'cus_1', metadata: { florin_operation: 'operation_1' } },
})
const mine = { florin_operation: 'operation_1' }
const others = Array.from({ length: 250 }, (_, index) => ({ id: `re_${index}`, metadata: {} }))

it('looks through all pages for what a call made', async () => {
  const { requests, asked } = listing([...others, { id: 're_mine', metadata: mine }])
  expect(await lookUp(requests, call('refund', '/v1/refunds'), 1000)).toMatchObject({
    answer: { objectId: 're_mine' },
    at: 1,
  })
  expect(asked).toEqual(['refund.list', 'refund.list', 'refund.list', 'refund.read'])
})

it('finds nothing where the last page does not have it', async () => {
  const { requests, asked } = listing(others)
  expect(await lookUp(requests, call('refund', '/v1/refunds'), 1000)).toEqual({ answer: undefined, at: 1 })
  expect(asked).toEqual(['refund.list', 'refund.list', 'refund.list'])
})

it('finds a subscription that was canceled since', async () => {
  const { requests } = listing([{ id: 'sub_1', status: 'canceled', metadata: mine }])
  expect(await lookUp(requests, call('subscription', '/v1/subscriptions'), 1000)).toMatchObject({
    answer: { objectId: 'sub_1' },
  })
})

it('reads what Florin keeps no row of where it was made', async () => {
  const { requests, asked } = listing([{ id: 'seti_1', metadata: mine }])
  expect(await lookUp(requests, call('setup', '/v1/setup_intents'), 1000)).toMatchObject({
    answer: { objectId: 'seti_1' },
  })
  expect(asked).toEqual(['setup.list', 'setup.read'])
})

it('reads what a call changes, and searches no list', async () => {
  const { requests, asked } = listing([{ id: 'sub_1' }])
  const change = { ...call('subscription', '/v1/subscriptions/sub_1'), call: 'subscription.cancel' as const }
  expect(await lookUp(requests, { ...change, subject: 'sub_1' }, 1000)).toMatchObject({ answer: { objectId: 'sub_1' } })
  expect(asked).toEqual(['subscription.read'])
})
