import { migrationOf } from './statements.ts'

// Ids, here and in all migrations, have collation "C": they sort by their characters on every machine, and compare fast.
const common = `
  id text collate "C" primary key,
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  commit_id text not null`

const observed = `
  observed jsonb not null,
  ties text,
  in_doubt boolean not null,
  due_at timestamptz(3)`

/**
 * Customers, payment methods, payments, refunds and disputes.
 *
 * Statuses have no CHECK, since Stripe's enums are open, and sums none that compares two of them, since Stripe may tell
 * them at different times. Customers are no foreign keys: a method or a payment may be seen before its customer is. A
 * refund's or dispute's payment is set only once it is here.
 *
 * Unique keys of columns that change are partial: Postgres then does not take them for the target of a foreign key, so
 * that setting a payment's gateway id does not wait for refunds being written.
 *
 * Locks: none on tables that others use; it makes new ones.
 */
export const payments = migrationOf({
  up: [
    `create table customers (${common}, ${observed},
       user_id text collate "C",
       is_primary boolean not null,
       deleted boolean not null,
       default_method text
     )`,
    'create index customers_due on customers (due_at) where due_at is not null',
    'create unique index customers_primary_key on customers (user_id) where is_primary',
    'create index customers_user on customers (user_id, created_at desc, id desc)',

    `create table payment_methods (${common}, ${observed},
       user_id text collate "C",
       gateway_id text collate "C" not null,
       customer_id text collate "C",
       status text not null,
       type text not null,
       card jsonb
     )`,
    'create index payment_methods_due on payment_methods (due_at) where due_at is not null',
    'create unique index payment_methods_gateway_key on payment_methods (gateway_id)',
    'create index payment_methods_user on payment_methods (user_id, created_at desc, id desc)',
    'create index payment_methods_customer on payment_methods (customer_id, created_at desc, id desc)',

    `create table transactions (${common}, ${observed},
       user_id text collate "C",
       customer_id text collate "C",
       gateway_id text collate "C",
       amount bigint not null check (amount >= 0),
       currency text not null,
       status text not null,
       gateway_status text,
       amount_capturable bigint not null check (amount_capturable >= 0),
       amount_captured bigint not null check (amount_captured >= 0),
       amount_refunded bigint not null check (amount_refunded >= 0),
       capture_method text not null,
       payment_method text,
       failure jsonb,
       next_action text,
       charge_id text,
       charge_refunded bigint not null check (charge_refunded >= 0),
       description text,
       reference text,
       metadata text,
       client_secret text
     )`,
    'create index transactions_due on transactions (due_at) where due_at is not null',
    'create unique index transactions_gateway_key on transactions (gateway_id) where gateway_id is not null',
    'create index transactions_user on transactions (user_id, created_at desc, id desc)',

    `create table refunds (${common}, ${observed},
       user_id text collate "C",
       payment_id text collate "C" references transactions,
       payment_gateway_id text collate "C",
       gateway_id text collate "C",
       amount bigint not null check (amount >= 0),
       currency text not null,
       status text not null,
       gateway_status text,
       reason text,
       failure_reason text,
       gateway_created bigint
     )`,
    'create index refunds_due on refunds (due_at) where due_at is not null',
    'create unique index refunds_gateway_key on refunds (gateway_id) where gateway_id is not null',
    'create index refunds_user on refunds (user_id, created_at desc, id desc)',
    'create index refunds_payment on refunds (payment_id, created_at desc, id desc)',
    'create index refunds_payment_gateway on refunds (payment_gateway_id, created_at desc, id desc)',

    `create table disputes (${common}, ${observed},
       user_id text collate "C",
       payment_id text collate "C" references transactions,
       payment_gateway_id text collate "C",
       gateway_id text collate "C" not null,
       amount bigint not null check (amount >= 0),
       currency text not null,
       status text not null,
       reason text not null,
       evidence_due_by timestamptz(3)
     )`,
    'create index disputes_due on disputes (due_at) where due_at is not null',
    'create unique index disputes_gateway_key on disputes (gateway_id)',
    'create index disputes_user on disputes (user_id, created_at desc, id desc)',
    'create index disputes_payment on disputes (payment_id, created_at desc, id desc)',
    'create index disputes_payment_gateway on disputes (payment_gateway_id, created_at desc, id desc)',
  ],
  down: [
    'drop table disputes',
    'drop table refunds',
    'drop table transactions',
    'drop table payment_methods',
    'drop table customers',
  ],
})
