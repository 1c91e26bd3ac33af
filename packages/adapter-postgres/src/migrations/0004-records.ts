import { migrationOf } from './statements.ts'

const common = `
  id text collate "C" primary key,
  version bigint not null check (version > 0),
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  commit_id text not null`

/**
 * Operations and their leases, webhook events, the outbox and the audit log.
 *
 * What is looked for by status is little (open, pending, failed) among much that is done: those indexes are partial.
 * Nothing here is a foreign key, since rows of the past are pruned. `webhook_events` is one table for now; it is to be
 * partitioned by `occurred_at` later, which every delivery of an event tells alike. Payloads are ciphertext, which does
 * not compress.
 *
 * Locks: none on tables that others use; it makes new ones.
 */
export const records = migrationOf({
  up: [
    `create table operations (${common},
       kind text not null,
       status text not null,
       actor jsonb not null,
       user_id text collate "C",
       object_id text collate "C",
       caller_scope text collate "C",
       caller_key text collate "C",
       request_hash text,
       request_id text,
       input text,
       steps text,
       answer text,
       lease_id text collate "C",
       due_at timestamptz(3),
       completed_at timestamptz(3)
     )`,
    'create index operations_due on operations (due_at) where due_at is not null',
    `create unique index operations_caller_key on operations (caller_scope, caller_key)
       where caller_scope is not null and caller_key is not null`,
    "create index operations_open on operations (created_at desc, id desc) where status = 'open'",

    `create table leases (${common},
       operation_id text collate "C",
       expires_at timestamptz(3) not null
     )`,

    `create table webhook_events (${common},
       type text not null,
       api_version text,
       livemode boolean not null,
       occurred_at timestamptz(3) not null,
       object_id text collate "C",
       status text not null,
       reason text,
       attempts bigint not null,
       due_at timestamptz(3),
       payload bytea
     )`,
    'alter table webhook_events alter payload set storage external',
    'create index webhook_events_due on webhook_events (due_at) where due_at is not null',
    "create index webhook_events_received on webhook_events (created_at desc, id desc) where status = 'received'",
    "create index webhook_events_failed on webhook_events (created_at desc, id desc) where status = 'failed'",

    `create table outbox (${common},
       type text not null,
       object_id text collate "C" not null,
       discriminator text collate "C" not null,
       occurred_at timestamptz(3) not null,
       data text,
       status text not null,
       attempts bigint not null,
       due_at timestamptz(3)
     )`,
    'create index outbox_due on outbox (due_at) where due_at is not null',
    'create unique index outbox_fact_key on outbox (object_id, type, discriminator)',
    "create index outbox_pending on outbox (created_at desc, id desc) where status = 'pending'",
    "create index outbox_dead on outbox (created_at desc, id desc) where status = 'dead'",

    `create table audit_log (${common},
       actor_id text not null,
       actor_roles jsonb not null,
       action text not null,
       object_id text collate "C",
       operation_id text collate "C",
       request_id text,
       outcome text not null,
       detail jsonb
     )`,
    `create table bookmarks (${common}, value jsonb)`,
    'create index audit_log_object on audit_log (object_id, created_at desc, id desc)',
    'create index audit_log_time on audit_log (created_at desc, id desc)',
    `create function florin_audit_log_is_append_only() returns trigger language plpgsql as $$
     begin
       raise exception 'audit_log is append-only';
     end $$`,
    `create trigger append_only before update or delete or truncate on audit_log
       for each statement execute function florin_audit_log_is_append_only()`,
  ],
  down: [
    'drop table bookmarks',
    'drop table audit_log',
    'drop function florin_audit_log_is_append_only()',
    'drop table outbox',
    'drop table webhook_events',
    'drop table leases',
    'drop table operations',
  ],
})
