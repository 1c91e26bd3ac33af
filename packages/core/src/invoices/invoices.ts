import type { Actor } from '../actor.ts'
import type { Page } from '../page.ts'
import type { Invoice } from './invoice.ts'
import type { ListInvoices } from './list-invoices.ts'
import type { ListSubscriptionInvoices } from './list-subscription-invoices.ts'

/** Invoices, as Stripe writes them. Here they can only be read. */
export interface Invoices {
  /**
   * Reads an invoice by Florin's id (`invoice_…`) or Stripe's (`in_…`).
   *
   * @throws `invalid` invoice_not_found (also for another user's), input_invalid · `refused` forbidden
   * @throws `unavailable` storage_unavailable
   */
  get(id: string, actor: Actor): Promise<Invoice>
  /**
   * Lists a user's invoices, newest first.
   *
   * @throws `invalid` input_invalid · `refused` forbidden for another user's list
   * @throws `unavailable` storage_unavailable
   */
  list(input: ListInvoices, actor: Actor): Promise<Page<Invoice>>
  /**
   * Lists the invoices of a subscription, newest first.
   *
   * @throws `invalid` subscription_not_found (also for another user's), input_invalid · `refused` forbidden
   * @throws `unavailable` storage_unavailable
   */
  listBySubscription(input: ListSubscriptionInvoices, actor: Actor): Promise<Page<Invoice>>
}
