import { z } from 'zod'
import type { ControlDeclaration } from '../engine/control-route.ts'

const json = (schema: object): object => ({ content: { 'application/json': { schema } } })

/** The OpenAPI description of the control API, made from what its operations themselves are declared by. */
export function describeControls(controls: readonly ControlDeclaration[]): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const control of controls) {
    const path = `/_sandbox${control.path.replaceAll(/:(\w+)/g, '{$1}')}`
    paths[path] = { ...paths[path], [control.method.toLowerCase()]: operationOf(control) }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Control API of the Stripe sandbox',
      version: '1',
      description: 'What no customer and no integration can do: move time, break calls, and play the part of the bank.',
    },
    paths,
    components: {
      schemas: {
        Error: {
          type: 'object',
          required: ['error'],
          properties: {
            error: {
              type: 'object',
              required: ['type', 'message'],
              properties: { ...textFields('type', 'message', 'code', 'param') },
            },
          },
        },
      },
    },
  }
}

const textFields = (...names: string[]): object => Object.fromEntries(names.map((name) => [name, { type: 'string' }]))

function operationOf({ method, path, summary, body }: ControlDeclaration): object {
  const ids = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name)
  const failure = (description: string): object => ({ description, ...json({ $ref: '#/components/schemas/Error' }) })
  return {
    ...(summary === undefined ? {} : { summary }),
    operationId: `${method.toLowerCase()}${path.replaceAll(/[/_:.]+(\w)/g, (_, letter: string) => letter.toUpperCase())}`,
    parameters: ids.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
    ...(method === 'GET' ? {} : { requestBody: json(bodySchema(body)) }),
    responses: {
      200: { description: 'Done.', ...json({ type: 'object' }) },
      400: failure('The body is not what it may be, or the object is in no state for this.'),
      ...(ids.length === 0 ? {} : { 404: failure('There is no such object.') }),
    },
  }
}

function bodySchema(body: z.ZodType | undefined): object {
  const { $schema, ...schema } = z.toJSONSchema(body ?? z.record(z.string(), z.unknown()), { io: 'input' })
  return schema
}
