import type { OpenAPIHono, RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import type { Endpoint } from '../endpoint.ts'
import { type ProblemCode, statusOf, titleOf } from '../error-response.ts'
import { problem } from '../wire/problem.ts'

const always = ['rate_limited', 'invariant_broken'] as const
const stored = ['storage_unavailable', 'overloaded'] as const
const asked = ['unauthenticated', 'forbidden', 'authentication_unavailable', ...stored] as const

/** What any endpoint of a kind may answer. One that may be repeated asks Stripe nothing, as one that reads. */
const problemsOfKind = {
  // Also where there is no query: one that nobody reads is refused.
  read: [...always, ...asked, 'input_invalid'],
  operation: [
    ...([...always, ...asked, 'idempotency_key_reused', 'operation_in_progress', 'user_erased'] as const),
    ...(['input_invalid', 'gateway_unavailable', 'gateway_outcome_unknown'] as const),
    // Also where there is no body: an Idempotency-Key is kept, so it is looked at.
    'card_number_refused',
  ],
  webhook: [...always, ...stored, 'body_malformed', 'body_too_large'],
  system: [],
} as const satisfies Record<Endpoint['kind'], readonly ProblemCode[]>

const ofBody = ['body_malformed', 'body_too_large', 'unsupported_media_type'] as const

const requestHeaders = z.object({
  'Idempotency-Key': z
    .string()
    .min(1)
    .max(255)
    .optional()
    .meta({
      description:
        'Your own name for this request. The same key and body get the same answer and are done once; another body is ' +
        'refused. Keep the key over retries, also after a 504.',
      example: 'order-1234-payment',
    }),
})

const responseHeaders = {
  'Florin-Operation': { description: 'The record of what was done.', schema: { type: 'string' } },
  'Idempotent-Replayed': { description: '`true` where the answer was stored earlier.', schema: { type: 'string' } },
} as const

/** Describes an endpoint for OpenAPI, from the schemas that parse its requests. */
export function describeEndpoint(
  method: RouteConfig['method'],
  path: string,
  { kind, document }: Endpoint,
): RouteConfig {
  const { name, tag, summary, description, body, success, otherwise } = document
  const isOperation = kind === 'operation'
  const isKeyed = isOperation && !document.isRepeatable
  return {
    method,
    path,
    operationId: name,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    security: kind === 'read' || isOperation ? [{ bearer: [] }] : [],
    request: {
      ...(document.path && { params: document.path }),
      ...(document.query && { query: document.query }),
      ...(isKeyed && { headers: requestHeaders }),
      ...(body && { body: { required: !body.optional, content: { 'application/json': { schema: body.schema } } } }),
    },
    responses: {
      [success.status]: {
        description: success.status === 204 ? 'Done.' : summary,
        ...(isKeyed && { headers: responseHeaders }),
        ...(success.schema && { content: { [success.contentType ?? 'application/json']: { schema: success.schema } } }),
      },
      ...(otherwise && {
        [otherwise.status]: {
          description: otherwise.description,
          content: { 'application/json': { schema: otherwise.schema } },
        },
      }),
      ...describeProblems(problemsOf(kind, document)),
      ...(document.declines && { 402: declined }),
    },
  }
}

function problemsOf(kind: Endpoint['kind'], { problems, isRepeatable }: Endpoint['document']) {
  const codes: readonly ProblemCode[] = [
    ...problemsOfKind[isRepeatable ? 'read' : kind],
    // Also where there is no body: one that nobody reads is refused.
    ...(kind === 'operation' ? ofBody : []),
    ...problems,
  ]
  return [...new Set(codes)]
}

function describeProblems(codes: readonly ProblemCode[]): RouteConfig['responses'] {
  const statuses = [...new Set(codes.map((code) => statusOf[code]))].sort()
  return Object.fromEntries(
    statuses.map((status) => {
      const ofStatus = codes.filter((code) => statusOf[code] === status)
      const described = {
        description: ofStatus.map((code) => `\`${code}\``).join(', '),
        content: {
          'application/problem+json': {
            schema: problem,
            examples: Object.fromEntries(ofStatus.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
          },
        },
      }
      return [status, described]
    }),
  )
}

/** Registers what the descriptions refer to: how to authenticate, and an example of every problem. */
export function describeShared(registry: OpenAPIHono['openAPIRegistry']): void {
  registry.registerComponent('securitySchemes', 'bearer', {
    ...{ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
    description: '`sub` is the user id, `roles` any of user, support, service and admin.',
  })
  for (const [code, status] of Object.entries(statusOf)) {
    registry.registerComponent('examples', code, exampleOf(code, status))
  }
}

function exampleOf(code: string, status: number) {
  const type = `urn:florin:error:${code}`
  const detail = 'What went wrong this time.'
  return {
    value: { type, title: titleOf(code), status, detail, code, request_id: '5f3c9d0e-8a35-4f6b-9f43-0d0d0a3f9f55' },
  }
}

const declined = {
  description: "The payment was declined: `card_declined`, `expired_card` and Stripe's other codes, with the payment.",
  content: {
    'application/problem+json': {
      schema: problem,
      examples: {
        card_declined: { value: { ...exampleOf('card_declined', 402).value, decline_code: 'insufficient_funds' } },
      },
    },
  },
}
