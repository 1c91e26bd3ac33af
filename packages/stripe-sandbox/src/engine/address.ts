import type Stripe from 'stripe'
import { clearable, object, type ParamsOf, required, text } from './params.ts'

const addressShape = {
  city: clearable(text()),
  country: clearable(text()),
  line1: clearable(text()),
  line2: clearable(text()),
  postal_code: clearable(text()),
  state: clearable(text()),
}

/** An address as it is sent. */
export const addressParam = () => object(addressShape)

/** The delivery address with a name. */
export const shippingParam = () =>
  object({
    address: required(addressParam()),
    name: required(text()),
    phone: clearable(text()),
    carrier: clearable(text()),
    tracking_number: clearable(text()),
  })

/** An address as it is answered: every field, null where unknown. */
export const toAddress = (sent: ParamsOf<typeof addressShape>): Stripe.Address => ({
  city: sent.city ?? null,
  country: sent.country ?? null,
  line1: sent.line1 ?? null,
  line2: sent.line2 ?? null,
  postal_code: sent.postal_code ?? null,
  state: sent.state ?? null,
})
