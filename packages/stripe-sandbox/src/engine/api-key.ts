import { StripeFailure } from './stripe-failure.ts'

/** Whether a request may call, and how. */
export interface ApiKey {
  readonly key: string
  readonly publishable: boolean
}

/** Reads the key from `Authorization` (Bearer, or Basic with the key as the user), or throws 401. */
export function readApiKey(authorization: string | null, accepted: readonly string[] | undefined): ApiKey {
  const key = keyFrom(authorization)
  if (key === undefined || key === '') {
    throw unauthorized(
      "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/.",
    )
  }
  const publishable = key.startsWith('pk_test_')
  const known = publishable || (accepted?.includes(key) ?? /^(sk|rk)_test_\w+$/.test(key))
  if (!known) throw unauthorized(`Invalid API Key provided: ${masked(key)}`)
  return { key, publishable }
}

/** 403: a publishable key on a route for secret keys only. */
export const secretKeyRequired = (): StripeFailure =>
  new StripeFailure(
    403,
    {
      type: 'invalid_request_error',
      code: 'secret_key_required',
      message:
        'This API call cannot be made with a publishable API key. Please use a secret API key. You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys.',
    },
    { saved: false },
  )

const unauthorized = (message: string): StripeFailure =>
  new StripeFailure(401, { type: 'invalid_request_error', message }, { saved: false })

function keyFrom(authorization: string | null): string | undefined {
  const [scheme = '', value = ''] = (authorization ?? '').trim().split(/\s+/)
  if (scheme.toLowerCase() === 'bearer') return value
  if (scheme.toLowerCase() !== 'basic') return undefined
  return Buffer.from(value, 'base64').toString('utf8').split(':')[0]
}

const masked = (key: string): string =>
  key.length > 12 ? `${key.slice(0, 8)}${'*'.repeat(key.length - 12)}${key.slice(-4)}` : '*'.repeat(key.length)
