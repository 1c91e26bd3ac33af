import { readBacklog } from '@florin/adapter-postgres'
import type { OpenDatabase } from '../open-database.ts'
import { type Finding, fail, pass, warn } from './finding.ts'

/** What waits or was given up, as the database tells. Throws where it does not answer or lacks its tables. */
export async function workFindings({ pool, database }: OpenDatabase, now: Date): Promise<readonly Finding[]> {
  const backlog = await readBacklog(database, now)
  const { rows } = await pool.query<{ ignored: number; last_hours: number | null }>(question)
  const { ignored = 0, last_hours: lastHours = null } = rows[0] ?? {}
  return [
    openOperations(backlog.openOperations, backlog.oldestOperationSeconds),
    backlog.failedWebhooks === 0
      ? pass('webhooks applied', 'none waits')
      : fail(
          'webhooks applied',
          `${backlog.failedWebhooks} are stored and could not be applied`,
          'see why: florin webhooks list --status failed',
        ),
    ignored === 0
      ? pass('webhooks of others', 'none came in the last week')
      : fail(
          'webhooks of others',
          `${ignored} of the other mode or of another account came in the last week`,
          'let the endpoint and STRIPE_SECRET_KEY be of one account and one mode',
        ),
    latestEvent(lastHours),
    backlog.deadEvents === 0
      ? pass('events told', 'none was given up')
      : fail(
          'events told',
          `${backlog.deadEvents} were given up`,
          'see them: florin events list; then florin events retry <id>',
        ),
  ]
}

// By the index of status and time; a week, or a mistake that was mended would be told for ever.
const question = `select
  (select count(*)::int from (select from webhook_events where status = 'ignored' and reason like 'it is of %'
    and created_at > now() - interval '7 days' limit 10000) as found) as ignored,
  (select extract(epoch from now() - max(created_at))::float8 / 3600 from webhook_events where status = 'processed')
    as last_hours`

function openOperations(count: number, oldestSeconds: number): Finding {
  const check = 'open operations'
  const minutes = Math.floor(oldestSeconds / 60)
  const says = `${count}, the oldest for ${minutes} minutes`
  const fix = 'see whether florin serve runs and reaches Stripe: it settles them by itself'
  if (minutes >= 60) return fail(check, says, fix)
  if (minutes >= 15) return warn(check, says, fix)
  return pass(check, count === 0 ? 'none' : says)
}

/** Catching up stores the same rows as webhooks do, so these say only that events come at all. */
function latestEvent(hours: number | null): Finding {
  const check = 'latest event'
  if (hours === null)
    return warn(check, 'none has come yet', 'send a test event from https://dashboard.stripe.com/webhooks')
  const how = 'by webhook or by catching up'
  if (hours > 72)
    return warn(
      check,
      `${Math.floor(hours / 24)} days ago, ${how}`,
      'see whether Stripe reaches the endpoint; florin reconcile brings what is missing',
    )
  return pass(check, `${hours < 1 ? 'less than an hour' : `${Math.floor(hours)} hours`} ago, ${how}`)
}
