import { migrationOf } from './statements.ts'

/**
 * What a subscription is paid with, and whether an invoice has more lines than it shows.
 *
 * Locks: `subscriptions` and `invoices` for a moment: a constant default is no reason to write the table anew.
 */
export const billingDetails = migrationOf({
  up: [
    'alter table subscriptions add column payment_method text collate "C"',
    'alter table invoices add column has_more_lines boolean not null default false',
  ],
  down: ['alter table invoices drop column has_more_lines', 'alter table subscriptions drop column payment_method'],
})
