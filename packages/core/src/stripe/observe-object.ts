import type { Observation } from '../observations/observation.ts'
import { observeCheckoutSession } from './checkout-sessions.ts'
import { observeCustomer } from './customers.ts'
import { observeDispute } from './disputes.ts'
import { observeInvoice } from './invoices.ts'
import { observePaymentMethod, observeSetupIntent } from './payment-methods.ts'
import { observeCharge, observePaymentIntent } from './payments.ts'
import { observeRefund } from './refunds.ts'
import { observeSubscription } from './subscriptions.ts'
import { isWire, type Sight, type Wire } from './wire.ts'

/** What an event's type says beyond its object. */
export interface Telling {
  readonly deleted: boolean
  readonly trialWillEnd: boolean
  readonly paymentFailed: boolean
}

const nothing: Telling = { deleted: false, trialWillEnd: false, paymentFailed: false }

/** Reads an object of Stripe's, whatever it is; nothing for kinds that Florin does not keep. */
export function observeObject(object: Wire, sight: Sight, telling: Telling = nothing): readonly Observation[] {
  switch (object.object) {
    case 'customer':
      return [observeCustomer(object, sight, telling)]
    case 'payment_intent':
      return [observePaymentIntent(object, sight, telling), ...observeRefundsOf(object, sight)]
    case 'charge': {
      const observation = observeCharge(object, sight)
      return observation ? [observation] : []
    }
    case 'checkout.session': {
      const observation = observeCheckoutSession(object)
      return observation ? [observation] : []
    }
    case 'refund':
      return [observeRefund(object, sight)]
    case 'payment_method':
      return [observePaymentMethod(object, sight)]
    case 'setup_intent': {
      const observation = observeSetupIntent(object, sight)
      return observation ? [observation] : []
    }
    case 'subscription':
      return [observeSubscription(object, sight, telling), ...observeLatestInvoice(object, sight)]
    case 'invoice':
      // A preview of the next invoice has no id: it is nothing yet.
      return typeof object.id === 'string' ? [observeInvoice(object, sight, telling)] : []
    case 'dispute':
      return [observeDispute(object, sight)]
    default:
      return []
  }
}

/** The refunds of a payment, where its charge was read with them. */
function observeRefundsOf({ latest_charge: charge }: Wire, sight: Sight): readonly Observation[] {
  const refunds = isWire(charge) && isWire(charge.refunds) ? charge.refunds.data : undefined
  if (!Array.isArray(refunds)) return []
  return refunds.filter(isWire).map((refund) => observeRefund(refund, { stamp: sight.stamp }))
}

function observeLatestInvoice({ latest_invoice: invoice }: Wire, sight: Sight): readonly Observation[] {
  return isWire(invoice) ? [observeInvoice(invoice, { stamp: sight.stamp })] : []
}
