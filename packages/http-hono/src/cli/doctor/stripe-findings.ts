import { stripeClient } from '@florin/core/stripe'
import type Stripe from 'stripe'
import { webhookTypes } from '../../webhook-types.ts'
import type { Config } from '../variables.ts'
import { deliveryFinding } from './delivery-finding.ts'
import { clockFinding, type Finding, fail, pass, warn } from './finding.ts'

const WEBHOOK_PATH = '/api/v1/webhooks/stripe'
const DASHBOARD = 'https://dashboard.stripe.com/webhooks'
const OLDEST_VERSION = '2022-11-15'

/** What Stripe tells of the account, the clock and the webhook endpoints. */
export async function stripeFindings(config: Config): Promise<readonly Finding[]> {
  const { STRIPE_SECRET_KEY: secretKey, STRIPE_API_BASE: apiBase } = config
  if (secretKey === undefined) return []
  const stripe = stripeClient({ secretKey, apiBase })
  try {
    const began = Date.now()
    const { data: endpoints, lastResponse } = await stripe.webhookEndpoints.list({ limit: 100 })
    const middle = (began + Date.now()) / 2000
    return [
      pass('Stripe', 'answers, and takes the key'),
      // The header counts whole seconds, rounded down.
      ...clock(lastResponse.headers, middle),
      ...webhookFindings(endpoints),
      ...(await deliveries(stripe, endpoints)),
    ]
  } catch (error) {
    return [refusal(error)]
  }
}

async function deliveries(stripe: Stripe, endpoints: readonly Stripe.WebhookEndpoint[]): Promise<readonly Finding[]> {
  if (!endpoints.some(isOurs)) return []
  const isOnlyOurs = endpoints.every((one) => isOurs(one) || one.status !== 'enabled')
  try {
    return [await deliveryFinding(stripe, { now: Math.floor(Date.now() / 1000), isOnlyOurs })]
  } catch (error) {
    if (statusOf(error) !== 403) throw error
    const fix = 'give it the permission to read them: florin reconcile needs it too'
    return [warn('webhook deliveries', 'the restricted key may not read events', fix)]
  }
}

function clock(headers: Readonly<Record<string, string | undefined>> | Headers, middle: number): readonly Finding[] {
  const date = headers instanceof Headers ? headers.get('date') : headers.date
  const told = date ? Date.parse(date) / 1000 + 0.5 : Number.NaN
  // Webhooks whose signature is 300 s old are refused, so a clock must not come near that.
  return Number.isNaN(told) ? [] : [clockFinding('Stripe', told - middle, { warnFrom: 2, failFrom: 60 })]
}

const statusOf = (error: unknown): unknown =>
  error instanceof Error && 'statusCode' in error ? error.statusCode : undefined

function refusal(error: unknown): Finding {
  const status = statusOf(error)
  if (status === 401)
    return fail('Stripe', 'refuses the key', 'put a key of https://dashboard.stripe.com/apikeys into STRIPE_SECRET_KEY')
  if (status === 403)
    return warn(
      'webhook endpoint',
      'the restricted key may not read webhook endpoints',
      'give it the permission to read them, or look at the dashboard',
    )
  // Not the error's own words: they may quote the request.
  const what = status === undefined ? 'does not answer' : `answers ${String(status)}`
  return fail('Stripe', what, 'see whether this machine reaches https://api.stripe.com and https://status.stripe.com')
}

/** Whether an endpoint leads here, as far as its address tells. */
const isOurs = ({ url }: Stripe.WebhookEndpoint): boolean => new URL(url).pathname.endsWith(WEBHOOK_PATH)

/** The endpoints that lead here. */
export function webhookFindings(endpoints: readonly Stripe.WebhookEndpoint[]): readonly Finding[] {
  const check = 'webhook endpoint'
  const ours = endpoints.filter(isOurs)
  if (ours.length === 0)
    return [
      fail(
        check,
        `no endpoint of the account ends in ${WEBHOOK_PATH}`,
        `add https://<your domain>${WEBHOOK_PATH} at ${DASHBOARD}`,
      ),
    ]
  return ours.flatMap((endpoint) => [
    status(check, endpoint),
    events('webhook events', endpoint),
    apiVersion('webhook API version', endpoint),
  ])
}

function status(check: string, { url, status }: Stripe.WebhookEndpoint): Finding {
  if (status !== 'enabled')
    return fail(check, `${url} is ${status}`, `enable it at ${DASHBOARD}, then run florin reconcile`)
  if (!url.startsWith('https:'))
    return fail(check, `${url} is not encrypted`, `let it begin with https:// at ${DASHBOARD}`)
  return pass(check, url)
}

function events(check: string, { enabled_events: enabled }: Stripe.WebhookEndpoint): Finding {
  const covers = (type: string) => enabled.some((one) => one === '*' || one === type)
  const [needed, useful] = [webhookTypes.needed, webhookTypes.useful].map((types) =>
    types.filter((type) => !covers(type)),
  )
  const fix = (types: readonly string[] = []) => `add ${types.join(', ')} at ${DASHBOARD}`
  if (needed && needed.length > 0) return fail(check, `${needed.length} that Florin needs are not sent`, fix(needed))
  if (useful && useful.length > 0)
    return warn(check, `${useful.length} are not sent: what they tell is found by a sweep, later`, fix(useful))
  return pass(check, `all ${webhookTypes.needed.length + webhookTypes.useful.length} that Florin reads are sent`)
}

function apiVersion(check: string, { api_version: version }: Stripe.WebhookEndpoint): Finding {
  if (version === null) return pass(check, "the account's own; any since 2022-11-15 is read")
  return version >= OLDEST_VERSION
    ? pass(check, version)
    : fail(check, `${version} is older than ${OLDEST_VERSION}`, `make an endpoint with a newer version at ${DASHBOARD}`)
}
