import { domainEventTypes, type Happening, type Observer } from '@florin/core'
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'

/** The numbers that a server shows at `/metrics`. */
export interface Metrics {
  /** For metrics of the host's own. */
  readonly registry: Registry
  requestAnswered(request: { method: string; route: string; status: number; seconds: number }): void
  /** Counts an operation that was answered with a problem, declines included. */
  problemAnswered(code: string): void
  requestLimited(): void
  /** Everything in Prometheus's text format. */
  text(): Promise<string>
  readonly contentType: string
}

/** From a cached read to the longest call of Stripe's. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** From the next turn of the loop to an endpoint that was down for hours. */
const delayBuckets = [0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200]

/** Makes the metrics of one server, in a registry of their own; the process's own (memory, event loop) included. */
export function createMetrics({ registry = new Registry() }: { registry?: Registry } = {}): Metrics {
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const requests = new Counter({
    ...{ name: 'http_requests_total', help: 'HTTP requests answered', registers },
    labelNames: ['method', 'route', 'status'],
  })
  const durations = new Histogram({
    ...{ name: 'http_request_duration_seconds', help: 'How long HTTP requests took', registers, buckets },
    labelNames: ['method', 'route', 'status'],
  })
  const problems = new Counter({
    ...{ name: 'payment_errors_total', help: 'Operations answered with a problem, by code', registers },
    labelNames: ['code'],
  })
  const limited = new Counter({ name: 'rate_limited_requests_total', help: 'Requests answered 429', registers })
  return {
    registry,
    contentType: registry.contentType,
    text: () => registry.metrics(),
    requestAnswered({ method, route, status, seconds }) {
      requests.inc({ method, route, status })
      durations.observe({ method, route, status }, seconds)
    },
    problemAnswered: (code) => problems.inc({ code }),
    requestLimited: () => limited.inc(),
  }
}

/** Turns what core tells into metrics. Give it to `createFlorin` as `observer`. */
export function metricsObserver({ registry }: Pick<Metrics, 'registry'>): Observer {
  const registers = [registry]
  const payments = new Counter({
    ...{ name: 'payment_transactions_total', help: 'Payments, by what they came to', registers },
    labelNames: ['status', 'currency'],
  })
  const facts = new Counter({
    ...{ name: 'domain_events_total', help: 'Facts proved, by type', registers },
    labelNames: ['type'],
  })
  // A series that begins at one shows no increase, so whatever an alert waits for is there before it happens.
  for (const type of domainEventTypes) facts.inc({ type }, 0)
  const failures = new Counter({
    ...{ name: 'operations_failed_total', help: 'Operations left open or failed, by code', registers },
    labelNames: ['kind', 'code'],
  })
  const webhooks = new Counter({
    ...{ name: 'webhook_events_total', help: 'Webhook events received, by what became of them', registers },
    labelNames: ['type', 'outcome'],
  })
  const misdirected = new Counter({
    ...{ name: 'webhook_events_misdirected_total', help: 'Webhook events of another mode or account', registers },
    labelNames: ['reason'],
  })
  for (const reason of ['wrong_mode', 'connected_account']) misdirected.inc({ reason }, 0)
  const webhookDelays = new Histogram({
    ...{ name: 'webhook_event_delay_seconds', help: 'How long after Stripe made them webhook events were taken' },
    ...{ registers, buckets: delayBuckets },
  })
  const calls = new Counter({
    ...{ name: 'gateway_calls_total', help: 'Calls of the payment gateway', registers },
    labelNames: ['call', 'outcome'],
  })
  const latencies = new Histogram({
    ...{ name: 'gateway_call_duration_seconds', help: 'How long calls of the gateway took', registers, buckets },
    labelNames: ['call'],
  })
  const waits = new Histogram({
    ...{ name: 'gateway_call_wait_seconds', help: 'How long calls waited for their place in the call budget' },
    ...{ registers, buckets, labelNames: ['share', 'outcome'] },
  })
  const unknown = new Counter({
    ...{ name: 'unknown_statuses_total', help: 'Statuses of the gateway that Florin does not know', registers },
    labelNames: ['table', 'status'],
  })
  const unreadable = new Counter({
    ...{ name: 'unreadable_rows_total', help: 'Rows whose private columns do not open', registers },
    labelNames: ['table'],
  })
  const deliveries = new Counter({
    ...{ name: 'domain_event_deliveries_total', help: 'Domain events told to handlers, by outcome', registers },
    labelNames: ['type', 'outcome'],
  })
  const delays = new Histogram({
    ...{ name: 'domain_event_delay_seconds', help: 'How long after they were written domain events were delivered' },
    ...{ registers, buckets: delayBuckets },
  })
  const drift = new Counter({
    ...{ name: 'florin_drift_total', help: 'Objects whose rows are not what the gateway tells', registers },
    labelNames: ['table', 'difference'],
  })
  const on: { readonly [What in Happening['what']]: (it: Extract<Happening, { what: What }>) => void } = {
    fact({ type, currency = 'unknown' }) {
      facts.inc({ type })
      const [noun, status = ''] = type.split('.')
      // A duplicate is a payment that was counted when it succeeded.
      if (noun === 'payment' && !status.startsWith('duplicate')) payments.inc({ status, currency })
    },
    operation_failed: ({ kind, code }) => failures.inc({ kind, code }),
    gateway_called({ call, outcome, milliseconds }) {
      calls.inc({ call, outcome })
      latencies.observe({ call }, milliseconds / 1000)
    },
    gateway_awaited: ({ share, outcome, milliseconds }) => waits.observe({ share, outcome }, milliseconds / 1000),
    event_dispatched({ type, outcome, milliseconds }) {
      deliveries.inc({ type, outcome })
      if (outcome === 'delivered') delays.observe(milliseconds / 1000)
    },
    webhook_received({ type, outcome, milliseconds, misdirected: reason }) {
      webhooks.inc({ type, outcome })
      if (reason) misdirected.inc({ reason })
      if (outcome !== 'duplicate') webhookDelays.observe(milliseconds / 1000)
    },
    row_unreadable: ({ table }) => unreadable.inc({ table }),
    unknown_status: ({ table, status }) => unknown.inc({ table, status }),
    drift_found: ({ table, difference }) => drift.inc({ table, difference }),
  }
  // The table has a handler for exactly this kind of happening; the compiler cannot follow the pairing.
  return { tell: (it) => (on[it.what] as (happening: Happening) => void)(it) }
}
