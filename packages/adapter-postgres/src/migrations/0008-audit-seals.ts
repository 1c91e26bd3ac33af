import { partition, unpartition } from './partitioned.ts'
import { migrationOf } from './statements.ts'

/**
 * What makes the audit log tamper-evident: each row knows its transaction (`xact`), seals say what was there, and
 * checkpoints say what was taken out of it. None of these tables can be changed, whole or in part, by anybody who does not
 * turn the triggers off; `florin audit verify` finds what was.
 *
 * `xact` is the transaction's number in full (xid8), not the `xmin` of the row, which is cut to 32 bits and loses its
 * meaning when the row is frozen. All rows of transactions below the oldest running one are there for good, so what is
 * sealed up to there has no holes. Both numbers come from functions, which `florin audit rebase` replaces after the log
 * was restored into a server that counts from an earlier number. Rows of before have 0.
 *
 * Locks: ACCESS EXCLUSIVE on `audit_log` until the end, and with it on every commit: longer, the more rows it has.
 */
export const auditSeals = migrationOf({
  up: [
    `create function florin_audit_xact() returns bigint language sql volatile as
       'select pg_current_xact_id()::text::bigint'`,
    `create function florin_audit_horizon() returns bigint language sql stable as
       'select pg_snapshot_xmin(pg_current_snapshot())::text::bigint'`,
    'drop trigger append_only on audit_log',
    'alter table audit_log add column xact bigint not null default 0',
    'alter table audit_log alter column xact set default florin_audit_xact()',
    'create index audit_log_xact on audit_log (xact, id)',
    `create or replace function florin_audit_log_is_append_only() returns trigger language plpgsql as $$
     begin
       raise exception '% is append-only', regexp_replace(tg_table_name, '_(default|until_[0-9]+)$', '');
     end $$`,
    partition('audit_log', 'created_at', 'month'),
    `create table audit_seals (
       seq bigint primary key check (seq > 0),
       sealed_at timestamptz(3) not null,
       xact bigint not null,
       last_id text collate "C" not null,
       entries jsonb not null,
       previous bytea not null,
       head bytea not null,
       key_id text not null,
       signature bytea not null
     )`,
    `create table audit_checkpoints (
       seq bigint not null,
       cut_before timestamptz(3) not null primary key,
       made_at timestamptz(3) not null,
       xact bigint not null,
       last_id text collate "C" not null,
       head bytea not null,
       key_id text not null,
       signature bytea not null
     )`,
    `create function florin_detach_audit(before timestamptz) returns text language plpgsql
     set lock_timeout = '2s' set timezone = 'UTC' as $$
     declare
       part text;
     begin
       select c.relname into part from pg_inherits i join pg_class c on c.oid = i.inhrelid
         where i.inhparent = 'audit_log'::regclass and c.relname ~ '_until_[0-9]{8}$'
         and to_timestamp(right(c.relname, 8), 'YYYYMMDD') <= before
         order by c.relname limit 1;
       if part is not null then execute format('alter table audit_log detach partition %I', part); end if;
       return part;
     end $$`,
    `create function florin_rebase_audit() returns bigint language plpgsql as $$
     declare
       latest bigint := greatest((select max(xact) from audit_log), (select max(xact) from audit_seals));
       ahead bigint := latest + 1 - pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
     begin
       if latest is null or florin_audit_horizon() > latest then return null; end if;
       execute format('create or replace function florin_audit_xact() returns bigint language sql volatile as
         ''select pg_current_xact_id()::text::bigint + %s''', ahead);
       execute format('create or replace function florin_audit_horizon() returns bigint language sql stable as
         ''select pg_snapshot_xmin(pg_current_snapshot())::text::bigint + %s''', ahead);
       return ahead;
     end $$`,
    ...['audit_log', 'audit_seals', 'audit_checkpoints'].map(
      (table) => `create trigger append_only before update or delete or truncate on ${table}
        for each statement execute function florin_audit_log_is_append_only()`,
    ),
    // A statement that names a partition fires no trigger of statements of the whole table.
    `create trigger append_only_rows before update or delete on audit_log
       for each row execute function florin_audit_log_is_append_only()`,
    `do $$
     declare
       part regclass;
     begin
       for part in select inhrelid from pg_inherits where inhparent = 'audit_log'::regclass loop
         execute format('create trigger append_only before truncate on %s
           for each statement execute function florin_audit_log_is_append_only()', part);
       end loop;
     end $$`,
  ],
  down: [
    'drop function florin_rebase_audit',
    'drop function florin_detach_audit',
    'drop table audit_checkpoints',
    'drop table audit_seals',
    unpartition('audit_log'),
    'drop index audit_log_xact',
    'alter table audit_log drop column xact',
    'drop function florin_audit_horizon',
    'drop function florin_audit_xact',
    `create or replace function florin_audit_log_is_append_only() returns trigger language plpgsql as $$
     begin
       raise exception 'audit_log is append-only';
     end $$`,
    `create trigger append_only before update or delete or truncate on audit_log
       for each statement execute function florin_audit_log_is_append_only()`,
  ],
})
