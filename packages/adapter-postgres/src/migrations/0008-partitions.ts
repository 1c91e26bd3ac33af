import { migrationOf } from './statements.ts'

/**
 * `webhook_events` in parts of a week by `occurred_at`, which every delivery of an event tells alike, so that what is old
 * goes by dropping a table. A part is named by the day (UTC) at which it ends. The table as it was becomes the first part,
 * for all that happened before the next week but one; what no part is for goes to the default one, so that no event is
 * ever refused. Its indexes, whichever there are, become the parts' indexes.
 *
 * Both functions are for whoever is granted them, and do nothing while another session is at it.
 * `florin_add_partition` makes one of the parts that are needed up to a time, and answers its name, or null where none is
 * missing. It keeps off weeks of which the default partition has rows already.
 *
 * `florin_drop_events` drops the oldest part of which all lies before a time, and answers its name, or null where there
 * is none. Events of it that failed are kept, in the default partition.
 *
 * The indexes for pruning hold what is still to be pruned only.
 *
 * Locks: ACCESS EXCLUSIVE on `webhook_events` until the end, since it gets another primary key: about 3 s for a million
 * rows. Nothing is lost meanwhile: webhooks wait, or are refused and come again.
 * SHARE on `operations`, `outbox` and `leases` while their indexes are made: they can be read, and writers wait.
 *
 * Locks of `florin_add_partition`: SHARE UPDATE EXCLUSIVE on `webhook_events`, and ACCESS EXCLUSIVE on the default
 * partition, which is read once and normally empty. Locks of `florin_drop_events`: ACCESS EXCLUSIVE on
 * `webhook_events`, for a moment. Both give up when they have to wait for more than 200 ms.
 */
export const partitions = migrationOf({
  up: [
    `create function florin_add_partition(parent text, by_column text, unit text, at timestamptz, until timestamptz)
     returns text
     language plpgsql security definer set search_path from current
     set lock_timeout = '200ms' set timezone = 'UTC' set datestyle = 'ISO' as $$
     declare
       width interval := ('1 ' || unit)::interval;
       latest timestamptz;
       start timestamptz;
       made text;
     begin
       if not pg_try_advisory_xact_lock(hashtext('florin partitions of ' || parent)) then return null; end if;
       select max(to_timestamp(right(c.relname, 8), 'YYYYMMDD')) into latest
         from pg_inherits i join pg_class c on c.oid = i.inhrelid
         where i.inhparent = parent::regclass and c.relname ~ '_until_[0-9]{8}$';
       execute format('select date_trunc($1, max(%1$I)) + $2 from %2$I where %1$I < $3', by_column, parent || '_default')
         into start using unit, width, until;
       start := greatest(latest, date_trunc(unit, at), start);
       if start >= until then return null; end if;
       made := parent || to_char(start + width, '"_until_"YYYYMMDD');
       execute format('create table %I (like %I including all)', made, parent);
       execute format('alter table %I attach partition %I for values from (%L) to (%L)',
         parent, made, start, start + width);
       return made;
     end $$`,
    `create function florin_drop_events(before timestamptz) returns text
     language plpgsql security definer set search_path from current
     set lock_timeout = '200ms' set timezone = 'UTC' set datestyle = 'ISO' as $$
     declare
       part text;
     begin
       if not pg_try_advisory_xact_lock(hashtext('florin partitions of webhook_events')) then return null; end if;
       select c.relname into part from pg_inherits i join pg_class c on c.oid = i.inhrelid
         where i.inhparent = 'webhook_events'::regclass and c.relname ~ '_until_[0-9]{8}$'
         and to_timestamp(right(c.relname, 8), 'YYYYMMDD') <= before
         order by c.relname limit 1;
       if part is null then return null; end if;
       execute format('alter table webhook_events detach partition %I', part);
       execute format('insert into webhook_events select * from %I where status in (''received'', ''failed'')', part);
       execute format('drop table %I', part);
       return part;
     end $$`,
    'revoke execute on function florin_add_partition, florin_drop_events from public',
    `create index webhook_events_payload on webhook_events (occurred_at)
       where payload is not null and status in ('processed', 'ignored')`,
    "create index operations_done on operations (completed_at) where status = 'done'",
    "create index outbox_told on outbox (updated_at) where status = 'delivered' and data is not null",
    'create index leases_free on leases (expires_at) where operation_id is null',
    `do $$
     declare
       ending timestamptz := date_trunc('week', now() at time zone 'UTC') at time zone 'UTC' + interval '14 days';
       old text := 'webhook_events' || to_char(ending at time zone 'UTC', '"_until_"YYYYMMDD');
       latest timestamptz;
       name text;
       statements text[];
       statement text;
     begin
       lock table webhook_events in access exclusive mode;
       select max(occurred_at) into latest from webhook_events;
       if latest >= ending then
         ending := date_trunc('week', latest at time zone 'UTC') at time zone 'UTC' + interval '7 days';
         old := 'webhook_events' || to_char(ending at time zone 'UTC', '"_until_"YYYYMMDD');
       end if;
       select array_agg(pg_get_indexdef(indexrelid)) into statements
         from pg_index where indrelid = 'webhook_events'::regclass and not indisprimary;
       for name in select indexrelid::regclass::text from pg_index where indrelid = 'webhook_events'::regclass loop
         execute format('alter index %s rename to %I', name, old || substr(name, length('webhook_events_')));
       end loop;
       execute format('alter table webhook_events rename to %I', old);
       execute format('create table webhook_events (like %I including defaults including constraints including storage)
         partition by range (occurred_at)', old);
       alter table webhook_events add primary key (id, occurred_at);
       foreach statement in array statements loop
         execute statement;
       end loop;
       execute format('alter table %I drop constraint %I, add primary key (id, occurred_at)', old, old || '_pkey');
       execute format('alter table webhook_events attach partition %I for values from (minvalue) to (%L)', old, ending);
       create table webhook_events_default partition of webhook_events default;
       while florin_add_partition('webhook_events', 'occurred_at', 'week', now(), ending + interval '28 days') is not null loop
       end loop;
     end $$`,
  ],
  down: [
    'drop index leases_free, outbox_told, operations_done, webhook_events_payload',
    `do $$
     declare
       statement text;
       statements text[];
     begin
       lock table webhook_events in access exclusive mode;
       select array_agg(replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ')) into statements
         from pg_index where indrelid = 'webhook_events'::regclass and not indisprimary;
       alter table webhook_events rename to webhook_events_parts;
       create table webhook_events (like webhook_events_parts including defaults including constraints including storage);
       insert into webhook_events select * from webhook_events_parts;
       drop table webhook_events_parts;
       alter table webhook_events add primary key (id);
       foreach statement in array statements loop
         execute statement;
       end loop;
     end $$`,
    'drop function florin_drop_events, florin_add_partition',
  ],
})
