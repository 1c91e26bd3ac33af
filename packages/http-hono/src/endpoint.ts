import type { Actor, Caller, Florin, InvalidCode, Page, Performed } from '@florin/core'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { z } from 'zod'
import { answerJson, answerNothing } from './answer.ts'
import { answerProblem, type ProblemCode, problemOf } from './error-response.ts'
import { parseBody, parsePart, parsePath, parseQuery } from './input.ts'
import { type CamelCased, camelCased } from './naming.ts'
import type { HttpContext } from './request-state.ts'
import { pageQuery } from './wire/common.ts'
import type { Problem } from './wire/problem.ts'

/** What answers a request. */
export type Handle = (c: HttpContext) => Response | Promise<Response>

/** What the reference says of an endpoint. */
export interface EndpointDocument {
  /** Names it in the reference and for generators of clients. */
  readonly name: string
  readonly tag: string
  readonly summary: string
  readonly description?: string | undefined
  readonly path?: z.ZodObject | undefined
  readonly query?: z.ZodObject | undefined
  readonly body?: { readonly schema: z.ZodType; readonly optional: boolean } | undefined
  readonly success: { readonly status: number; readonly schema?: z.ZodType | undefined; readonly contentType?: string }
  /** The codes that it may answer besides those that any endpoint of its kind may. */
  readonly problems: readonly ProblemCode[]
  /** What else it may answer that is no problem+json. */
  readonly otherwise?: { readonly status: number; readonly description: string; readonly schema: z.ZodType }
  /** Whether a payment that was declined is answered as 402, with Stripe's code. */
  readonly declines?: boolean
  /** Whether it may be repeated at will, so that it takes no idempotency key. */
  readonly isRepeatable?: boolean
}

/** What a row of the route table leads to. */
export interface Endpoint {
  /** `read` and `operation` need a token. An operation also takes an idempotency key, unless it may be repeated. */
  readonly kind: 'read' | 'operation' | 'webhook' | 'system'
  readonly document: EndpointDocument
  readonly handle: (florin: Florin) => Handle
}

interface Described {
  readonly name: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly problems?: readonly ProblemCode[]
  /** What to answer for an id in the path that no object can have. */
  readonly notFound?: InvalidCode
}

/** A decline: what a payment is answered with that did not go through. */
export interface Declined {
  readonly code: string
  readonly detail: string
  readonly fields: Pick<Problem, 'decline_code' | 'payment'>
}

/** An endpoint that changes something: parse, perform one use case, present what came of it. */
export function operation<View, Path = unknown, Query = unknown, Body = unknown>(
  definition: Described & {
    readonly path?: z.ZodObject & z.ZodType<Path>
    readonly query?: z.ZodObject & z.ZodType<Query>
    readonly body?: z.ZodType<Body>
    /** Whether a request without a body is one with an empty one. */
    readonly bodyOptional?: true
    readonly status: ContentfulStatusCode | 204
    readonly answer?: z.ZodType
    readonly perform: (
      florin: Florin,
      input: CamelCased<Path & Query & Body>,
      caller: Caller,
    ) => Promise<Performed<View>>
    readonly present: (view: View) => object | null
    /** Where what was done is a decline, answered as 402. */
    readonly declined?: (view: View) => Declined | undefined
  },
): Endpoint {
  const { path, query, body, bodyOptional = false, status, notFound, perform, present, declined } = definition
  const read = async (c: HttpContext) => {
    const parts = {
      ...(path && parsePath(path, c.req.param(), notFound)),
      ...parseQuery(c, { query, body }),
      ...(await parseBody(c, { query, body, bodyOptional })),
    }
    // A part without a schema is typed unknown and empty here: nothing can read anything of it.
    return camelCased(parts as Path & Query & Body & object)
  }
  return {
    kind: 'operation',
    document: {
      ...describe(definition),
      ...{ path, query, body: body && { schema: body, optional: bodyOptional } },
      success: { status, schema: definition.answer },
      declines: declined !== undefined,
    },
    handle: (florin) => async (c) => {
      const { data, operationId, replayed } = await perform(florin, await read(c), callerOf(c))
      const state = c.get('florin')
      if (operationId !== null) {
        state.headers['Florin-Operation'] = operationId
        state.operationId = operationId
      }
      if (replayed) state.headers['Idempotent-Replayed'] = 'true'
      const shown = present(data)
      state.objectId = shown === null ? undefined : idIn(shown)
      const decline = declined?.(data)
      if (decline) {
        const told = { ...(operationId !== null && { operation_id: operationId }), ...decline.fields }
        return answerProblem(c, { ...problemOf(c, decline.code, 402, decline.detail), ...told }, 402)
      }
      return status === 204 || shown === null ? answerNothing(c) : answerJson(c, status, shown)
    },
  }
}

/** An endpoint that reads one object. */
export function read<View>(
  definition: Described & {
    readonly path: z.ZodObject & z.ZodType<{ id: string }>
    readonly answer: z.ZodType
    readonly get: (florin: Florin, id: string, actor: Actor) => Promise<View>
    readonly present: (view: View) => object
  },
): Endpoint {
  const { path, answer, notFound, get, present } = definition
  return {
    kind: 'read',
    document: { ...describe(definition), path, success: { status: 200, schema: answer } },
    handle: (florin) => async (c) => {
      const { id } = parsePath(path, c.req.param(), notFound)
      parseQuery(c, {})
      return answerJson(c, 200, present(await get(florin, id, actorOf(c))))
    },
  }
}

/** An endpoint that does something with one object of Florin's own that may be repeated at will. */
export function repeatable<View>(
  definition: Described & {
    readonly path: z.ZodObject & z.ZodType<{ id: string }>
    readonly answer: z.ZodType
    readonly perform: (florin: Florin, id: string, caller: Caller) => Promise<View>
    readonly present: (view: View) => object
  },
): Endpoint {
  const { path, answer, notFound, perform, present } = definition
  return {
    kind: 'operation',
    document: { ...describe(definition), path, success: { status: 200, schema: answer }, isRepeatable: true },
    handle: (florin) => async (c) => {
      const { id } = parsePath(path, c.req.param(), notFound)
      parseQuery(c, {})
      await parseBody(c, {})
      return answerJson(c, 200, present(await perform(florin, id, callerOf(c))))
    },
  }
}

interface Listing<View, Input> extends Described {
  readonly answer: z.ZodType
  readonly page: (florin: Florin, input: CamelCased<Input>, actor: Actor) => Promise<Page<View>>
  readonly present: (view: View) => object
}

/** An endpoint that lists what belongs to an object, a page at a time. */
export function list<View, Path>(
  definition: Listing<View, Path & z.output<typeof pageQuery>> & { readonly path: z.ZodObject & z.ZodType<Path> },
): Endpoint {
  const { path, notFound } = definition
  const read = (c: HttpContext) => ({
    ...parsePath(path, c.req.param(), notFound),
    ...parsePart(pageQuery, c.req.query()),
  })
  return listing({ ...definition, query: pageQuery }, read)
}

/** An endpoint that lists what a filter finds, a page at a time. */
export function filteredList<View, Query>(
  definition: Listing<View, Query> & { readonly query: z.ZodObject & z.ZodType<Query> },
): Endpoint {
  return listing(definition, (c) => parsePart(definition.query, c.req.query()))
}

function listing<View, Input>(
  definition: Listing<View, Input> & { readonly path?: z.ZodObject; readonly query: z.ZodObject },
  read: (c: HttpContext) => Input & object,
): Endpoint {
  const { path, query, answer, page, present } = definition
  return {
    kind: 'read',
    document: { ...describe(definition), ...{ path, query, success: { status: 200, schema: answer } } },
    handle: (florin) => async (c) => {
      const { data, hasMore, nextCursor } = await page(florin, camelCased(read(c)), actorOf(c))
      return answerJson(c, 200, { data: data.map(present), has_more: hasMore, next_cursor: nextCursor })
    },
  }
}

const idIn = (shown: object): string | undefined =>
  'id' in shown && typeof shown.id === 'string' ? shown.id : undefined

function describe({ name, tag, summary, description, problems = [], notFound }: Described) {
  const codes: readonly ProblemCode[] = notFound === undefined ? problems : [notFound, ...problems]
  return { name, tag, summary, description, problems: codes }
}

function actorOf(c: HttpContext): Actor {
  const { actor } = c.get('florin')
  if (!actor) throw new TypeError('a route that needs an actor was mounted without authentication')
  return actor
}

function callerOf(c: HttpContext): Caller {
  const { requestId, signal } = c.get('florin')
  return { actor: actorOf(c), idempotencyKey: c.req.header('idempotency-key'), requestId, signal }
}
