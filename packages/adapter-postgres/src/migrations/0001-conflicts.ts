import { migrationOf } from './statements.ts'

/**
 * How a commit says that a version did not hold, which rolls all of it back.
 *
 * Locks: none.
 */
export const conflicts = migrationOf({
  up: [
    `create function florin_conflict() returns integer language plpgsql volatile as $$
     begin
       raise exception 'a row no longer has the version that a change was decided on' using errcode = 'FL001';
     end $$`,
  ],
  down: ['drop function florin_conflict()'],
})
