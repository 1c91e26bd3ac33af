import type { OpenAPIHono } from '@hono/zod-openapi'
import type { HttpEnv } from '../request-state.ts'

export type OpenApiDocument = ReturnType<OpenAPIHono<HttpEnv>['getOpenAPI31Document']>

const description = `Payments, subscriptions, invoices and refunds over Stripe.

Send \`Authorization: Bearer <JWT>\` and JSON. Amounts are in the currency's smallest unit (1000 is 10.00 USD), times in
UTC. Errors are problem+json (RFC 9457): switch on \`code\`. Give every change an \`Idempotency-Key\` and keep it over
retries: what happened is then done once, whatever the network does.`

const tags = [
  { name: 'Payments', description: 'One-time payments.' },
  { name: 'Refunds', description: 'Giving money back.' },
  { name: 'Disputes', description: 'What cardholders contested at their bank.' },
  { name: 'Payment methods', description: 'Cards that a user can be charged on again.' },
  { name: 'Subscriptions', description: 'Recurring payments.' },
  { name: 'Invoices', description: 'What subscriptions billed.' },
  { name: 'Checkout', description: "Stripe's own pages: paying, subscribing, managing." },
  { name: 'Webhooks', description: "Stripe's events." },
  { name: 'Webhook events', description: "What became of Stripe's events, for admins." },
  { name: 'Audit log', description: 'Who did what, for admins.' },
  { name: 'System', description: 'For those who run it.' },
]

/** The OpenAPI 3.1 document of an app, from the routes that it registered. `base` is where the app is mounted. */
export function openApiDocument(app: OpenAPIHono<HttpEnv>, version: string, base: string): OpenApiDocument {
  return app.getOpenAPI31Document(
    {
      openapi: '3.1.0',
      info: { title: 'Florin', version, description, license: { name: 'MIT' } },
      servers: [{ url: base === '' ? '/' : base }],
      tags,
    },
    // Names in the order in which they were registered, so that the document is the same on every machine.
    { sortComponents: 'alphabetically' },
  )
}
