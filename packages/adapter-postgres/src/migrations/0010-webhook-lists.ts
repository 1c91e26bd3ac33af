import { migrationOf } from './statements.ts'

/**
 * The indexes behind the lists of webhook events, newest first: by status, and by type among what is not processed.
 *
 * The one by status is the only one that every webhook pays for (docs/decisions/0011 has the price), so it rises with
 * time: rows come at its end, whose pages then stay full, and lists read it backwards.
 *
 * Locks: `webhook_events` against writing while the new indexes are built: longer, the more rows it has.
 */
export const webhookLists = migrationOf({
  up: [
    'create index webhook_events_status on webhook_events (status, created_at, id)',
    `create index webhook_events_type on webhook_events (status, type, created_at, id)
       where status in ('failed', 'ignored')`,
    'drop index webhook_events_received',
    'drop index webhook_events_failed',
  ],
  down: [
    "create index webhook_events_failed on webhook_events (created_at desc, id desc) where status = 'failed'",
    "create index webhook_events_received on webhook_events (created_at desc, id desc) where status = 'received'",
    'drop index webhook_events_type',
    'drop index webhook_events_status',
  ],
})
