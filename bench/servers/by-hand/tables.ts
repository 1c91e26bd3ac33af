/** What the handlers by hand write, with the indexes that such tables need. */
export const tables = `
  create table operations (id text primary key, actor text not null, key text not null, hash text not null,
    status text not null, payment_id text not null, input text not null, answer text, created_at timestamptz not null,
    due_at timestamptz, completed_at timestamptz, version integer not null default 1, unique (actor, key));
  create index on operations (due_at) where status = 'open';
  create table leases (id text primary key, operation_id text not null, until timestamptz not null);
  create table payments (id text primary key, user_id text not null, customer_id text, amount bigint not null,
    currency text not null, status text not null, gateway_id text unique, charge_id text, secret text, observed json,
    created_at timestamptz not null, updated_at timestamptz not null, version integer not null default 1);
  create index on payments (user_id, created_at desc, id desc);
  create table audit_log (id text primary key, at timestamptz not null, actor text not null, action text not null,
    object_id text not null, outcome text not null);
  create index on audit_log (object_id);
  create table outbox (id text primary key, at timestamptz not null, type text not null, object_id text not null,
    data text not null, status text not null);
  create index on outbox (at) where status = 'waiting';
  create table objects (id text primary key, gateway_id text not null unique, kind text not null, customer_id text,
    status text, amount bigint not null, rank integer not null, stamp bigint not null, version integer not null,
    private text not null, created_at timestamptz not null, updated_at timestamptz not null);
  create index on objects (customer_id, created_at desc, id desc);
  create table webhook_events (id text primary key, type text not null, api_version text, created timestamptz not null,
    object_id text not null, customer_id text, status text not null, payload text not null,
    received_at timestamptz not null);
  create index on webhook_events (created desc, id desc);
  create index on webhook_events (object_id);
  create table customers (id text primary key, user_id text not null);
  create index on customers (user_id);
  create table data_keys (subject text primary key, wrapped text not null);
  insert into customers select 'cus_' || n, 'user_' || n from generate_series(0, 249) as n;
  insert into data_keys select 'user_' || n, repeat('x', 80) from generate_series(0, 249) as n;`
