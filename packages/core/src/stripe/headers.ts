import { z } from 'zod'

/** What Florin reads of an answer's headers. */
export interface AnswerHeaders {
  /** Stripe's clock in seconds, from `Date`. */
  readonly stamp: number | undefined
  /** The answer is a stored one of an earlier request with the same key. */
  readonly replayed: boolean
  /** Which of Stripe's limits the request was one too many for: of its endpoint, or of the account. */
  readonly exceeded: 'endpoint' | 'account' | undefined
}

const limits = new Map<string, 'endpoint' | 'account'>([
  ['endpoint-rate', 'endpoint'],
  ['global-rate', 'account'],
])

// Of a hundred headers five are read: the others are not looked at.
const plain = z.custom<Readonly<Record<string, unknown>>>((value) => typeof value === 'object' && value !== null)

/** Reads headers as stripe-node gives them: `Headers` of its fetch client, a plain object of its Node client. */
export function readHeaders(headers: unknown): AnswerHeaders {
  const read = reader(headers)
  const date = Date.parse(read('date') ?? '')
  const original = read('original-request')
  return {
    stamp: Number.isNaN(date) ? undefined : Math.floor(date / 1000),
    exceeded: limits.get(read('stripe-rate-limited-reason') ?? ''),
    replayed: read('idempotent-replayed') === 'true' || (original !== undefined && original !== read('request-id')),
  }
}

function reader(headers: unknown): (name: string) => string | undefined {
  const asText = (value: unknown) => (typeof value === 'string' ? value : undefined)
  if (headers instanceof Headers) return (name) => asText(headers.get(name) ?? undefined)
  const object = plain.safeParse(headers)
  return object.success ? (name) => asText(object.data[name]) : () => undefined
}
