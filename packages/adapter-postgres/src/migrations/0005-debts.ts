import { migrationOf } from './statements.ts'

/**
 * Who has the claim to pay what a user owes under one reference, and which payments came besides.
 *
 * A debt's id is made of its user and reference, so the primary key is all the uniqueness that it needs. The holder is no
 * foreign key: its payment may be pruned, and is always written beside it. References are free text and may be long, but
 * a user id and 255 characters fit an index entry.
 *
 * Locks: `transactions` for a moment, since the new column is empty and is not looked for; it makes a new table.
 */
export const debts = migrationOf({
  up: [
    `create table debts (
       id text collate "C" primary key,
       version bigint not null check (version > 0),
       created_at timestamptz(3) not null,
       updated_at timestamptz(3) not null,
       commit_id text not null,
       user_id text collate "C" not null,
       reference text not null,
       amount_due bigint not null check (amount_due >= 0),
       currency text not null,
       holder text collate "C",
       duplicates jsonb not null,
       due_at timestamptz(3)
     )`,
    'create index debts_due on debts (due_at) where due_at is not null',
    'alter table transactions add column duplicate_of text collate "C"',
  ],
  down: ['alter table transactions drop column duplicate_of', 'drop table debts'],
})
