import { metadataParam } from '../engine/metadata.ts'
import { clearable, flag, list, text, unsupported } from '../engine/params.ts'
import { methodOptions, methodType } from '../payment-methods/method-types.ts'
import { type StoredSetupIntent, unexpectedSetupState } from './setup-intent.ts'

/** What may be said of the method whenever something is said at all. */
export const sharedShape = {
  allowed_payment_method_types: list(methodType()),
  payment_method: text(),
  payment_method_options: methodOptions(),
  excluded_payment_method_types: unsupported(),
  payment_method_data: unsupported(),
}

/** What creating and updating may say. */
export const editShape = {
  ...sharedShape,
  customer: text(),
  description: clearable(text({ max: 1000 })),
  metadata: metadataParam(),
  attach_to_self: unsupported(),
  customer_account: unsupported(),
  flow_directions: unsupported(),
  payment_method_configuration: unsupported(),
}

/** What confirming may say, at once or later. */
export const confirmShape = {
  confirmation_token: unsupported(),
  mandate_data: unsupported(),
  return_url: text(),
  use_stripe_sdk: flag(),
}

const open = ['requires_payment_method', 'requires_confirmation', 'requires_action']

/** Refuses what only a SetupIntent that has not ended may go through, as Stripe does. */
export function requireOpen(intent: StoredSetupIntent, verb: 'confirmed' | 'updated' | 'canceled'): void {
  if (open.includes(intent.status)) return
  throw unexpectedSetupState(
    `This SetupIntent could not be ${verb} because it has a status of ${intent.status}. Only a SetupIntent with one of the following statuses may be ${verb}: ${open.join(', ')}.`,
    intent,
  )
}
