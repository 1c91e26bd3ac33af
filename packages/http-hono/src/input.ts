import { checkInput, type InvalidCode, InvalidError } from '@florin/core'
import type { z } from 'zod'
import { listed } from './error-response.ts'
import { HttpError } from './http-error.ts'
import type { HttpContext } from './request-state.ts'
import { wholeBody } from './whole-body.ts'

const json = /^application\/(?:[a-z0-9.+-]+\+)?json\s*(?:;|$)/i

/**
 * Reads a JSON body.
 *
 * @throws body_malformed (400) for what is not JSON, unsupported_media_type (415) for a body of another type
 */
export async function readJson(c: HttpContext, { optional }: { optional: boolean }): Promise<unknown> {
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
export function parsePart<T>(schema: z.ZodType<T>, value: unknown): T {
  const checked = checkInput(schema, value)
  if (checked.fields === undefined) return checked.data
  throw new HttpError('input_invalid', listed(checked.fields), { fields: checked.fields })
}

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
