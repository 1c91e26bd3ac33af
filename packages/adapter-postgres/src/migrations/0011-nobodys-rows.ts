import { migrationOf } from './statements.ts'

/**
 * The indexes by which a customer that turns out to be a user's finds the payments and invoices that came before that was
 * known. Only rows without a user are in them, which are few, or those of customers that never get one.
 *
 * Locks: `transactions` and `invoices` against writing while the indexes are built: longer, the more rows they have.
 */
export const nobodysRows = migrationOf({
  up: [
    `create index transactions_nobodys on transactions (customer_id, created_at desc, id desc)
       where user_id is null and customer_id is not null`,
    `create index invoices_nobodys on invoices (customer_id, created_at desc, id desc)
       where user_id is null and customer_id is not null`,
  ],
  down: ['drop index invoices_nobodys', 'drop index transactions_nobodys'],
})
