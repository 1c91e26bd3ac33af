import { migrationOf } from './statements.ts'

const common = `
  id text collate "C" primary key,
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  commit_id text not null,
  observed jsonb not null,
  ties text,
  in_doubt boolean not null,
  due_at timestamptz(3)`

/**
 * Subscriptions and invoices.
 *
 * An invoice's sums are Stripe's own arithmetic, with credits and overpayments, so they may be below zero. Its
 * subscription is set only once that is here.
 *
 * Locks: none on tables that others use; it makes new ones.
 */
export const billing = migrationOf({
  up: [
    `create table subscriptions (${common},
       user_id text collate "C",
       customer_id text collate "C",
       gateway_id text collate "C",
       status text not null,
       gateway_status text,
       items jsonb not null,
       trial_start timestamptz(3),
       trial_end timestamptz(3),
       cancel_at timestamptz(3),
       cancel_at_period_end boolean not null,
       canceled_at timestamptz(3),
       ended_at timestamptz(3),
       latest_invoice text,
       metadata text,
       client_secret text
     )`,
    'create index subscriptions_due on subscriptions (due_at) where due_at is not null',
    'create unique index subscriptions_gateway_key on subscriptions (gateway_id) where gateway_id is not null',
    'create index subscriptions_user on subscriptions (user_id, created_at desc, id desc)',
    'create index subscriptions_customer on subscriptions (customer_id, created_at desc, id desc)',

    `create table invoices (${common},
       user_id text collate "C",
       customer_id text collate "C",
       gateway_id text collate "C" not null,
       subscription_id text collate "C" references subscriptions,
       subscription_gateway_id text collate "C",
       number text,
       status text not null,
       gateway_status text,
       currency text not null,
       amount_due bigint not null,
       amount_paid bigint not null,
       amount_remaining bigint not null,
       billing_reason text,
       attempt_count bigint not null,
       next_payment_attempt timestamptz(3),
       period_start timestamptz(3) not null,
       period_end timestamptz(3) not null,
       lines text,
       hosted_invoice_url text,
       invoice_pdf text,
       paid_at timestamptz(3),
       payment_gateway_id text collate "C"
     )`,
    'create index invoices_due on invoices (due_at) where due_at is not null',
    'create unique index invoices_gateway_key on invoices (gateway_id)',
    'create index invoices_user on invoices (user_id, created_at desc, id desc)',
    'create index invoices_subscription on invoices (subscription_id, created_at desc, id desc)',
    'create index invoices_subscription_gateway on invoices (subscription_gateway_id, created_at desc, id desc)',
  ],
  down: ['drop table invoices', 'drop table subscriptions'],
})
