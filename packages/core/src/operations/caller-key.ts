import { z } from 'zod'
import { florin } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { InvalidError } from '../errors.ts'
import { withoutCardNumber } from '../input/fields.ts'
import { parseInput } from '../input/parse-input.ts'
import { canonicalJson, type Json } from '../json.ts'
import type { Query } from '../ports/storage.ts'
import type { OperationKind } from './operation.ts'
import type { Caller, UseCase } from './use-case.ts'

/** An idempotency key as it is stored: whose it is, for what, and with which input. */
export interface CallerKey {
  readonly callerScope: string
  /** Its digest: callers put order numbers and addresses into keys, and the column is in clear. */
  readonly callerKey: string
  readonly requestHash: string
}

// Money that moves twice cannot be taken back in silence, and a second subscription takes it every month. So these may be
// required to name their key.
const needKey: readonly OperationKind[] = ['payment.create', 'subscription.create', 'refund.create']

/**
 * The caller's key, scoped to the caller, the use case and the object addressed. The hash is over the input as sent,
 * before defaults, so that a release with new defaults does not turn a retry into another request.
 *
 * @throws `invalid` idempotency_key_missing, input_invalid, card_number_refused
 */
export async function callerKey<Input, Q extends Query, View extends Json>(
  { digest, settings }: Pick<Deps, 'digest' | 'settings'>,
  { kind, target }: Pick<UseCase<Input, Q, View>, 'kind' | 'target'>,
  input: Input,
  rawInput: unknown,
  { actor, idempotencyKey }: Caller,
): Promise<CallerKey | undefined> {
  if (idempotencyKey === undefined) {
    if (!settings.requireIdempotencyKey || !needKey.includes(kind)) return undefined
    throw new InvalidError('idempotency_key_missing', 'send an Idempotency-Key, and the same one when you retry')
  }
  // Florin's own are made of what was checked already.
  if (actor !== florin) parseInput(keyShape, { 'Idempotency-Key': idempotencyKey })
  return {
    callerScope: [actor.id, kind, ...(target ? [target(input)] : [])].join(' '),
    callerKey: await digest(idempotencyKey),
    requestHash: await digest(canonicalJson(rawInput)),
  }
}

/** A key is told apart from all others by each of its characters. */
const keyShape = z.object({
  'Idempotency-Key': z
    .string()
    .regex(/^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/, {
      error: 'must be 1 to 255 printable ASCII characters',
      abort: true,
    })
    .superRefine(withoutCardNumber),
})
