import { partition, unpartition } from './partitioned.ts'
import { migrationOf } from './statements.ts'

/**
 * `webhook_events` in parts of a week by `occurred_at`, which every delivery of an event tells alike, so that what is old
 * goes by dropping a table.
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
 * Locks: ACCESS EXCLUSIVE on `webhook_events` until the end, since it gets another primary key: longer, the more rows it
 * has. Nothing is lost meanwhile: webhooks wait, or are refused and come again.
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
       guard text;
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
       -- What guards the table against being emptied at once is not inherited, unlike what guards its rows.
       for guard in select pg_get_triggerdef(oid) from pg_trigger
         where tgrelid = parent::regclass and not tgisinternal and (tgtype & 32) > 0 loop
         execute regexp_replace(guard, ' ON \\S+ ', format(' ON %I ', made));
       end loop;
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
    partition('webhook_events', 'occurred_at', 'week'),
  ],
  down: [
    'drop index leases_free, outbox_told, operations_done, webhook_events_payload',
    unpartition('webhook_events'),
    'drop function florin_drop_events, florin_add_partition',
  ],
})
