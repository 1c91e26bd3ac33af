/**
 * Turns a table into one with partitions by a time of its rows, each for a week or a month (UTC) and named by the day at
 * which it ends. The table as it was becomes the first one, for all times before the next but one week or month; what no
 * partition is for goes to the default one, so that no row is ever refused. Its indexes, whichever there are, become the
 * partitions' own. Needs `florin_add_partition`.
 *
 * Locks: ACCESS EXCLUSIVE on the table until the end, since it gets another primary key.
 */
export const partition = (table: string, column: string, unit: 'week' | 'month'): string => `do $$
  declare
    width interval := '1 ${unit}';
    ending timestamptz := (date_trunc('${unit}', now() at time zone 'UTC') + 2 * width) at time zone 'UTC';
    latest timestamptz;
    old text;
    name text;
    statements text[];
    statement text;
  begin
    perform set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO', true);
    lock table ${table} in access exclusive mode;
    select max(${column}) into latest from ${table};
    if latest >= ending then ending := date_trunc('${unit}', latest) + width; end if;
    old := '${table}' || to_char(ending, '"_until_"YYYYMMDD');
    select array_agg(pg_get_indexdef(indexrelid)) into statements
      from pg_index where indrelid = '${table}'::regclass and not indisprimary;
    for name in select indexrelid::regclass::text from pg_index where indrelid = '${table}'::regclass loop
      execute format('alter index %s rename to %I', name, old || substr(name, ${table.length + 1}));
    end loop;
    execute format('alter table ${table} rename to %I', old);
    execute format('create table ${table} (like %I including defaults including constraints including storage)
      partition by range (${column})', old);
    alter table ${table} add primary key (id, ${column});
    foreach statement in array statements loop
      execute statement;
    end loop;
    execute format('alter table %I drop constraint %I, add primary key (id, ${column})', old, old || '_pkey');
    execute format('alter table ${table} attach partition %I for values from (minvalue) to (%L)', old, ending);
    create table ${table}_default partition of ${table} default;
    while florin_add_partition('${table}', '${column}', '${unit}', now(), ending + 4 * width) is not null loop
    end loop;
  end $$`

/** One table again, with all rows. */
export const unpartition = (table: string): string => `do $$
  declare
    statement text;
    statements text[];
  begin
    lock table ${table} in access exclusive mode;
    select array_agg(replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ')) into statements
      from pg_index where indrelid = '${table}'::regclass and not indisprimary;
    alter table ${table} rename to ${table}_parts;
    create table ${table} (like ${table}_parts including defaults including constraints including storage);
    insert into ${table} select * from ${table}_parts;
    drop table ${table}_parts;
    alter table ${table} add primary key (id);
    foreach statement in array statements loop
      execute statement;
    end loop;
  end $$`
