import { migrationOf } from './statements.ts'

/**
 * The keys that values are sealed under, and what an erasure looks for: the open operations of a user, and the events
 * that belong to one of its gateway customers or to an object of theirs.
 *
 * Cards and failures were stored in clear before. They cannot be sealed here, so they are dropped, and their rows are
 * due to be read again at the gateway.
 *
 * Locks: `payment_methods` and `transactions` against everything while they are rewritten, `webhook_events` likewise while
 * all its rows are updated and an index is built, and `operations` against writing while one is built.
 */
export const dataKeys = migrationOf({
  up: [
    `create table data_keys (
       id text collate "C" primary key,
       version bigint not null check (version > 0),
       created_at timestamptz(3) not null,
       updated_at timestamptz(3) not null,
       commit_id text not null,
       subject text collate "C" not null,
       is_current boolean not null,
       wrapped text,
       wrapped_by text collate "C",
       closed_at timestamptz(3),
       destroyed_at timestamptz(3),
       due_at timestamptz(3)
     )`,
    'create unique index data_keys_current_key on data_keys (subject) where is_current',
    'create index data_keys_subject on data_keys (subject, created_at desc, id desc)',
    'create index data_keys_wrapped on data_keys (wrapped_by, created_at desc, id desc)',
    'create index data_keys_due on data_keys (due_at) where due_at is not null',

    'update payment_methods set card = null, due_at = now() where card is not null',
    'alter table payment_methods alter column card type text using null',
    'update transactions set failure = null, due_at = now() where failure is not null',
    'alter table transactions alter column failure type text using null',

    "create index operations_open_user on operations (user_id, created_at desc, id desc) where status = 'open'",
    'alter table webhook_events add column user_id text collate "C"',
    'alter table webhook_events add column owner_id text collate "C"',
    'update webhook_events set owner_id = object_id',
    'create index webhook_events_owner on webhook_events (owner_id, created_at desc, id desc)',
  ],
  down: [
    'drop index webhook_events_owner',
    'alter table webhook_events drop column owner_id',
    'alter table webhook_events drop column user_id',
    'drop index operations_open_user',
    'alter table transactions alter column failure type jsonb using null',
    'alter table payment_methods alter column card type jsonb using null',
    'drop table data_keys',
  ],
})
