import { checkInput, type InvalidCode, InvalidError } from '@florin/core'
import { z } from 'zod'
import { listed } from './error-response.ts'
import { HttpError } from './http-error.ts'
import type { HttpContext } from './request-state.ts'
import { wholeBody } from './whole-body.ts'

const json = /^application\/(?:[a-z0-9.+-]+\+)?json\s*(?:;|$)/i

/** The schemas of the parts of a request that hold fields; a part without one is not read. */
interface Parts<Query, Body> {
  readonly query?: z.ZodType<Query> | undefined
  readonly body?: z.ZodType<Body> | undefined
  /** Whether a request without a body is one with an empty one. */
  readonly bodyOptional?: boolean
}

/** What is not read must be empty: who sends something there believes that it counts. */
const nothing = z.strictObject({})

/**
 * Parses the query of a request.
 *
 * @throws input_invalid (422) with every field that is wrong, or that is not read here
 */
export function parseQuery<Query>(c: HttpContext, { query, body }: Parts<Query, unknown>): Query | undefined {
  const given = c.req.query()
  const elsewhere = { schema: body, words: () => 'belongs in the JSON body' }
  if (query) return parsePart(query, given, elsewhere)
  parsePart(nothing, given, elsewhere)
  return undefined
}

/**
 * Reads and parses the body of a request.
 *
 * @throws input_invalid (422) with every field that is wrong, or that is not read here; what {@link readJson} throws
 */
export async function parseBody<Body>(c: HttpContext, parts: Parts<unknown, Body>): Promise<Body | undefined> {
  const { query, body, bodyOptional } = parts
  const given = await readJson(c, { optional: bodyOptional === true || body === undefined })
  const words = (field: string, value: unknown) =>
    `belongs in the query: ?${field}=${typeof value === 'boolean' ? value : '…'}`
  const elsewhere = { schema: query, words }
  if (body) return parsePart(body, given, elsewhere)
  parsePart(nothing, given, elsewhere)
  return undefined
}

/**
 * Reads a JSON body.
 *
 * @throws body_malformed (400) for what is not JSON, unsupported_media_type (415) for a body of another type
 */
async function readJson(c: HttpContext, { optional }: { optional: boolean }): Promise<unknown> {
  const contentType = c.req.header('content-type')
  const text = await wholeBody(c.req.text())
  if (text === '' && contentType === undefined && optional) return {}
  // Told apart from an empty body, so that a forgotten -d and a forgotten header each get their own message.
  if (text !== '' && !(contentType !== undefined && json.test(contentType))) {
    throw new HttpError('unsupported_media_type', 'send the body as Content-Type: application/json')
  }
  if (text === '') {
    if (optional) return {}
    throw new HttpError('body_malformed', 'the request needs a JSON body')
  }
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message quotes the body, which may hold anything.
    throw new HttpError('body_malformed', 'the body is not valid JSON')
  }
}

/**
 * Parses a part of a request by its schema.
 *
 * @throws input_invalid (422) with every field that is wrong
 */
export function parsePart<T>(schema: z.ZodType<T>, value: unknown, elsewhere?: Elsewhere): T {
  const checked = checkInput(schema, value)
  if (checked.fields === undefined) return checked.data
  const sent = new Map(typeof value === 'object' && value !== null ? Object.entries(value) : [])
  const fields = checked.fields.map(({ field, message }) => {
    const isMisplaced = elsewhere && hasField(elsewhere.schema, field) && !hasField(schema, field)
    return { field, message: isMisplaced ? elsewhere.words(field, sent.get(field)) : message }
  })
  throw new HttpError('input_invalid', listed(fields), { fields })
}

/** The other part of a request, and what is said of fields that belong there. */
interface Elsewhere {
  readonly schema: z.ZodType | undefined
  readonly words: (field: string, value: unknown) => string
}

const hasField = (schema: z.ZodType | undefined, field: string) =>
  schema instanceof z.ZodObject && Object.hasOwn(schema.shape, field)

/**
 * Parses the parameters of a path. An id that no object can have is an object that is not there.
 *
 * @throws the given `*_not_found` (404), or input_invalid (422) where the path names no object
 */
export function parsePath<T>(schema: z.ZodType<T>, params: unknown, notFound: InvalidCode | undefined): T {
  const parsed = schema.safeParse(params)
  if (parsed.success) return parsed.data
  if (notFound !== undefined) throw new InvalidError(notFound, 'no object has such an id')
  return parsePart(schema, params)
}
