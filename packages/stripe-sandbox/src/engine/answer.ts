import type { StripeFailure } from './stripe-failure.ts'

/** An answer ready to be sent. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What reaches a caller of the API: an answer, nothing, or the first half of one. */
export type ApiOutcome =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'cut' }
  | { readonly kind: 'truncated'; readonly answer: Answer }

/** The same, or a part of the sandbox's own page. */
export type Outcome = ApiOutcome | { readonly kind: 'page'; readonly response: Response }

/** Stripe prints its JSON with two spaces. */
export const toJson = (value: object): string => JSON.stringify(value, null, 2)

/** The body of a failure. */
export const failureBody = (failure: StripeFailure, requestId: string, now: number): string =>
  toJson({
    error: { ...failure.body, request_log_url: `https://dashboard.stripe.com/test/logs/${requestId}?t=${now}` },
  })

/** An error of Stripe's own making, for faults. */
export const apiErrorBody = (): string =>
  toJson({
    error: { message: 'An unknown error occurred', type: 'api_error' },
  })

/** What a proxy in between would send. */
export const htmlBody = (status: number): string =>
  `<html>\n<head><title>${status}</title></head>\n<body><center><h1>${status}</h1></center><hr><center>nginx</center></body>\n</html>\n`
