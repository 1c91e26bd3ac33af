import { expect } from 'vitest'
import { z } from 'zod'
import type { ServedWorld } from './served-florin.ts'

/** A payment as its caller was told of it. */
export interface Paid {
  readonly id: string
  readonly intent: string
}

const answer = z.object({ id: z.string(), stripe_payment_intent_id: z.string() })

export const readPaid = (body: string): Paid => {
  const { id, stripe_payment_intent_id: intent } = answer.parse(JSON.parse(body))
  return { id, intent }
}

/** The body of the n-th order: a user of fifty, and an amount of its own. */
export const orderOf = (number: number) =>
  JSON.stringify({
    ...{ user_id: `user_${number % 50}`, amount: 1000 + number, currency: 'USD', payment_method: 'pm_card_visa' },
  })

/**
 * Orders that come steadily, each sent with its own key again and again until it is paid, as a careful shop does.
 *
 * `answers` counts what came back: a status with its code, or the error where there was no answer.
 */
export function placeOrders(url: string, token: string, { everyMs = 50 }: { everyMs?: number } = {}) {
  const paid: Paid[] = []
  const answers: Record<string, number> = {}
  const running = new Set<Promise<void>>()
  let number = 0
  let isGivenUp = false
  const place = async (order: number): Promise<void> => {
    while (!isGivenUp) {
      const { text, status } = await send(order)
      if (status === 201) return void paid.push(readPaid(text))
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
  const send = async (order: number): Promise<{ status?: number; text: string }> => {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
    const key = { ...headers, 'Idempotency-Key': `order-${order}` }
    try {
      const response = await fetch(`${url}/api/v1/payments`, { method: 'POST', headers: key, body: orderOf(order) })
      const text = await response.text()
      const { code = '' } = z.object({ code: z.string().optional() }).parse(JSON.parse(text))
      count(`${response.status} ${code}`.trim())
      return { status: response.status, text }
    } catch (error) {
      count(error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error))
      return { text: '' }
    }
  }
  const count = (what: string): void => {
    answers[what] = (answers[what] ?? 0) + 1
  }
  const timer = setInterval(() => {
    number += 1
    const one = place(number)
    running.add(one)
    void one.finally(() => running.delete(one))
  }, everyMs)
  return {
    paid,
    answers,
    /** Takes no more orders, and waits until all that came are paid. Answers how many they were. */
    async finish(withinMs = 150_000): Promise<number> {
      clearInterval(timer)
      const late = setTimeout(() => {
        isGivenUp = true
      }, withinMs)
      await Promise.all(running)
      clearTimeout(late)
      expect(paid, `every order is paid in the end; answers were ${JSON.stringify(answers)}`).toHaveLength(number)
      return number
    },
  }
}

/** What Stripe has, what Florin has stored and what callers were told are the same payments, once each, and all paid. */
export async function expectPaidOnce({ sandbox, pool }: ServedWorld, paid: readonly Paid[]): Promise<void> {
  // What was under way when a fault came is taken up again once its lease of a minute is over.
  const open = async () => (await pool.query("select kind from operations where status = 'open'")).rows
  await expect.poll(open, { timeout: 120_000, interval: 200 }).toStrictEqual([])
  const found = sandbox.state.all('payment_intent')
  const intents = z.array(z.object({ id: z.string(), status: z.string() })).parse(found)
  // A call that certainly reached nobody leaves a payment that is canceled, and its key free.
  const asked =
    "select id, gateway_id as intent, status from transactions where status <> 'canceled' or gateway_id is not null"
  const { rows } = await pool.query(asked)
  expect(intents.filter(({ status }) => status !== 'succeeded')).toStrictEqual([])
  expect(rows.filter(({ status }) => status !== 'succeeded')).toStrictEqual([])
  expect(intents.map(({ id }) => id).sort()).toStrictEqual(paid.map(({ intent }) => intent).sort())
  const pairs = (payments: readonly Paid[]) => payments.map(({ id, intent }) => `${id} ${intent}`).sort()
  expect(pairs(rows)).toStrictEqual(pairs(paid))
}
