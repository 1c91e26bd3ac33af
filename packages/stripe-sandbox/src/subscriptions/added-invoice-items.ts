import type { Context } from '../engine/context.ts'
import { mergeMetadata } from '../engine/metadata.ts'
import type { ParamsOf } from '../engine/params.ts'
import { invalidRequest } from '../engine/stripe-failure.ts'
import { makeInvoiceItem } from '../invoice-items/invoice-item.ts'
import { amountOf, prices } from '../prices/price.ts'
import type { StoredSubscription } from './subscription.ts'
import { nameOf } from './subscription-lines.ts'
import type { createShape } from './subscription-params.ts'

/** One-off prices that go onto the next invoice. */
export function addInvoiceItems(
  context: Context,
  subscription: StoredSubscription,
  sent: NonNullable<ParamsOf<typeof createShape>['add_invoice_items']>,
): void {
  for (const [index, { price: id, quantity = 1, discountable = true, metadata }] of sent.entries()) {
    const param = `add_invoice_items[${index}][price]`
    const price = context.inParam(prices, id, param)
    if (price.recurring !== null) {
      throw invalidRequest(
        'The price specified is set to `type=recurring` but this field only accepts prices with `type=one_time`.',
        { param },
      )
    }
    makeInvoiceItem(context, {
      customer: subscription.customer,
      amount: amountOf(price, quantity),
      currency: price.currency,
      description: nameOf(context, price),
      period: { start: context.now, end: context.now },
      price,
      quantity,
      subscription: subscription.id,
      subscription_item: null,
      proration: false,
      discountable,
      metadata: mergeMetadata({}, metadata),
    })
  }
}
