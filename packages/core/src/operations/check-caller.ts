import { z } from 'zod'
import type { Actor } from '../actor.ts'
import { parseInput } from '../input/parse-input.ts'
import type { Caller } from './use-case.ts'

const actor = z.looseObject({ id: z.string(), roles: z.array(z.string()) })

const known = z.object({
  actor,
  // What it must look like is the matter of caller-key.ts.
  idempotencyKey: z.unknown().optional(),
  requestId: z.string().optional(),
  signal: z.looseObject({ aborted: z.boolean() }).optional(),
})

// In a program without types `idempotency_key` would be no key at all, and nobody would know.
const error = `is not a field of a caller; they are ${Object.keys(known.shape).join(', ')}`
const byCaller = z.object({ caller: known.catchall(z.undefined({ error })) })
const byActor = z.object({ actor })

/**
 * Lets nobody in who does not say who asks, or whose key is named otherwise; for whatever takes a `Caller`.
 *
 * @throws `invalid` input_invalid with the fields of the caller that are wrong
 */
export const checkingCaller =
  <Input, By extends Pick<Caller, 'actor'>, Answer>(ask: (input: Input, caller: By) => Promise<Answer>) =>
  async (input: Input, caller: By): Promise<Answer> => {
    parseInput(byCaller, { caller })
    return ask(input, caller)
  }

/**
 * Lets nobody in who does not say who asks; for whatever takes an `Actor`.
 *
 * @throws `invalid` input_invalid with the fields of the actor that are wrong
 */
export const checkingActor =
  <Input, Answer>(ask: (input: Input, actor: Actor) => Promise<Answer>) =>
  async (input: Input, actor: Actor): Promise<Answer> => {
    parseInput(byActor, { actor })
    return ask(input, actor)
  }
