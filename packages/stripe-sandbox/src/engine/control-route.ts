import type { z } from 'zod'
import type { Context } from './context.ts'
import type { Method } from './slice.ts'
import { invalidParam } from './stripe-failure.ts'

/** What is said of an operation of the control API, in the text that describes it. */
export interface ControlDeclaration {
  readonly method: Method
  readonly path: string
  /** What it does, in a few words. */
  readonly summary?: string
  /** What its body may be. The body is read by it, so that the description cannot differ from what is accepted. */
  readonly body?: z.ZodType
}

/** One operation of the control API under `/_sandbox`: JSON in, JSON out, no key. */
export interface ControlRoute extends ControlDeclaration {
  readonly handler: (context: Context, body: Readonly<Record<string, unknown>>, id: string) => object
}

/** Declares one operation. The handler gets the body as its schema reads it. */
export function control<B extends z.ZodType>(definition: {
  readonly method: Method
  readonly path: string
  readonly summary: string
  readonly body: B
  readonly handler: (context: Context, body: z.output<B>, id: string) => object
}): ControlRoute {
  const { handler, ...declaration } = definition
  return { ...declaration, handler: (context, sent, id) => handler(context, readBody(definition.body, sent), id) }
}

/** Reads a body by its schema, or throws as Stripe does for its parameters. */
export function readBody<B extends z.ZodType>(schema: B, sent: unknown): z.output<B> {
  const result = schema.safeParse(sent)
  if (result.success) return result.data
  const [issue] = result.error.issues
  if (issue?.code === 'unrecognized_keys') {
    const name = issue.keys.join(', ')
    throw invalidParam(`Received unknown parameter: ${name}`, name, 'parameter_unknown')
  }
  const name = issue?.path.join('.') ?? ''
  throw invalidParam(`Invalid ${name || 'body'}: ${issue?.message}`, name)
}
