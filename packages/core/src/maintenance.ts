import type { AccountBinding } from './accounts/bind-account.ts'
import type { DuplicatesRefunded } from './debts/refund-duplicates.ts'
import type { Dispatched } from './events/dispatch-events.ts'
import type { Refreshed } from './observations/refresh-rows.ts'
import type { Recovered } from './operations/recover-operations.ts'
import type { Drift, FindDrift } from './reconcile/find-drift.ts'
import type { ImportAccount, Imported } from './reconcile/import-account.ts'
import type { Reconciled, ReconcileOptions } from './reconcile/reconcile-events.ts'
import type { RepairDrift, Repaired } from './reconcile/repair-drift.ts'
import type { Pruned } from './retention/prune.ts'
import type { ErasuresFinished } from './users/finish-erasures.ts'
import type { Retried, RetryWebhooks } from './webhooks/retry-webhooks.ts'

/**
 * What keeps everything true in the background, for the host program itself: no actor is asked for. `florin serve` runs
 * in loops what has to be repeated.
 *
 * What takes a `limit` does one round of at most that, and may run in any number of processes at once: each piece is
 * taken by one of them. Where a round came to as much as its limit, call again at once. One that throws is tried again
 * in its next round, and nothing is lost meanwhile.
 *
 * @example
 * setInterval(() => florin.maintenance.recover().catch(console.error), 5000)
 */
export interface Maintenance {
  /**
   * Binds what is stored to the gateway's account and mode at the first call, and tells from then on whether the keys
   * are still those of it. Call it before a process begins to serve, and go no further where `isOurs` is false: with
   * another account's keys every object would be missing, and nothing stored would be true.
   *
   * @throws `unavailable` storage_unavailable, gateway_unavailable: it is not known
   */
  bindAccount(): Promise<AccountBinding>
  /**
   * Settles operations that a crash, a timeout or a gateway that did not answer left open: sends them again under their
   * own keys, or finds out what became of them. Every few seconds; 20 operations where no `limit` is given. One that
   * cannot be settled yet is named in the answer, with its code.
   *
   * What takes money is sent again for `paymentRecoveryWindowMs`, anything else for 23 hours. What is past its time is
   * only looked for: twice, at least 90 seconds apart, before it counts as never sent, since a call that was given up
   * may still land at the gateway.
   *
   * An operation that breaks whatever takes it up waits for five minutes and does not keep the others from their turn;
   * what the first one threw is thrown in the end, as it is.
   *
   * @throws `unavailable` storage_unavailable
   */
  recover(options?: { limit?: number | undefined }): Promise<Recovered>
  /**
   * Reads objects again at the gateway that are in doubt, or open and unread for long (`sweepAfterMs`): one call for
   * each, however many events put it in doubt. Every few seconds; 20 objects where no `limit` is given.
   *
   * A row that cannot be read goes to the end of the line, due again in a minute, so that the others have their turn.
   * After three of a table that are not answered the rest of it is left for the next round, and two such tables end the
   * round. What the first one threw is thrown in the end, and what was read is stored all the same.
   *
   * @throws `unavailable` storage_unavailable, gateway_unavailable
   * @throws `defect` invariant_broken for an object that cannot be understood, once the others of the round were read
   */
  refresh(options?: { limit?: number | undefined }): Promise<Refreshed>
  /**
   * Refunds payments that came although another one had paid the same reference in full, where `autoRefundDuplicates`
   * is set: only once the full amount due is captured and was not given back, only in the same currency, and only
   * within 30 days. All others are left to people. Every quarter of a minute; 20 references where no `limit` is given.
   *
   * Each is decided on soon after it came, by the setting of that time: turning it on later does not reach into the
   * past, but where more happens to the same reference all its duplicates are looked at again. Crashes, and processes
   * that do the same at once, end in one refund.
   *
   * @throws `unavailable` storage_unavailable
   */
  refundDuplicates(options?: { limit?: number | undefined }): Promise<DuplicatesRefunded>
  /**
   * Applies webhooks that were stored and could not be applied, from their stored bodies: those whose time has come, or
   * with `all` every one of them, whatever its time and however many, as at the start of a new release. Every quarter
   * of a minute; 50 at once where no `limit` is given.
   *
   * Answers how many came to what: `processed`, `ignored`, `failed` (they wait longer each time, a day at most) or
   * `duplicate` (another process was faster). An event that breaks whatever reads it does not keep the others from
   * their turn; what the first one threw is thrown in the end, as it is.
   *
   * @throws `unavailable` storage_unavailable, gateway_unavailable, overloaded: once three had no answer, what is left is
   *   tried the next time
   */
  retryWebhooks(options?: RetryWebhooks): Promise<Retried>
  /**
   * Catches up with what no webhook told of: reads the gateway's events since the last one that was seen, at first
   * those of 30 days (or none, see `fromNow`), and applies them as if their webhooks had come: oldest first, duplicates
   * change nothing. What happened before the installation is told to nobody. Once a day, and after an outage; heed the
   * answer's `warning`, for the gateway forgets events after 30 days.
   *
   * May be broken off at any point; the next run goes on where everything older was stored. At most 20 calls a second,
   * none but for lists.
   *
   * An event that concerns what does not open is stored as failed, for `retryWebhooks`. One that cannot even be stored
   * does not keep the others from their turn; what the first one threw is thrown in the end, and it is read again.
   *
   * @throws `unavailable` storage_unavailable, gateway_unavailable, overloaded
   */
  reconcile(options?: ReconcileOptions): Promise<Reconciled>
  /**
   * Brings in what an account held before Florin: customers with their payment methods, payments, refunds,
   * subscriptions, invoices and disputes. Once, by hand. What is here already is left alone, only missing links to
   * customers and users are filled in; objects of other installations are ignored. Unless `emit` is set, nobody is told
   * of what comes in, but for what was made in the last hour, whose webhooks would find it known.
   *
   * May be broken off at any point and goes on at the page where it was; once it came to its end, it starts anew. At
   * most 20 calls a second: one for each hundred objects, and one for each customer's payment methods. An object that
   * breaks whatever takes it up does not keep the others from their turn; what the first one threw is thrown in the end.
   *
   * @throws `unavailable` storage_unavailable, gateway_unavailable, overloaded
   */
  importAccount(options?: ImportAccount): Promise<Imported>
  /**
   * Compares what is stored with what the gateway tells, and names each difference. Changes no object. By hand, or
   * every night: mode `changed` asks for what events told of since the last time, one call for each object; mode `full`
   * for everything, one call for each hundred and one more for each that looks different. At most 20 calls a second.
   *
   * What waits to be refreshed, or for a webhook that is late, is different too: `reconcile` and `refresh` before. An
   * object that breaks whatever compares it does not keep the others from their turn, which `onDifference` is told of;
   * what the first one threw is thrown in the end.
   *
   * @throws `unavailable` storage_unavailable, gateway_unavailable
   */
  findDrift(options: FindDrift): Promise<Drift>
  /**
   * Replaces what {@link Maintenance.findDrift} named by what the gateway tells now, final states included, and adopts
   * what is missing; a row that was lost gets its old id back where anything still names it. Each row that changes is
   * audited with what it was and what it is. Unless `emit` is set, nobody is told of it, but for what was made in the last
   * hour: a webhook that comes after a repair finds nothing to tell. May be run again at any time: what is right is left
   * alone. An object that breaks whatever repairs it does not keep the others from their turn; what the first one threw is
   * thrown in the end.
   *
   * @example
   * const { differences } = await florin.maintenance.findDrift({ mode: 'full' })
   * const { left } = await florin.maintenance.repairDrift({ differences })
   *
   * @throws `unavailable` storage_unavailable, gateway_unavailable, overloaded
   */
  repairDrift(options: RepairDrift): Promise<Repaired>
  /**
   * Goes on with erasures of users (`users.erase`) whose time has come. Every half minute; 10 users where no `limit` is
   * given. Those that are not done yet are named in the answer, with a code where something failed; without one, they
   * wait for what is open at the gateway.
   *
   * @throws `unavailable` storage_unavailable
   */
  erase(options?: { limit?: number | undefined }): Promise<ErasuresFinished>
  /**
   * Lets go of what is older than the settings say, and makes room for the webhooks to come. What is open, waits or
   * failed stays, however old, and so do payments and all that belongs to them. Every hour, and again at once while the
   * answer says `isMore`; 500 rows of each kind where no `limit` is given.
   *
   * @throws `unavailable` storage_unavailable: what is left is done the next time
   * @throws `defect` invariant_broken unless `createFlorin` was given a `retention`, and where the settings keep
   *   webhooks or operations for less than 35 days
   */
  prune(options?: { limit?: number | undefined }): Promise<Pruned>
  /**
   * Tells the handlers (`florin.on`) what waits in the outbox, longest due first. Every second; 50 events where no `limit`
   * is given.
   *
   * One call tells events of one object one after the other. That is no promise of an order: another process may tell a
   * later event of the same object at the same time, and none waits for one that failed. `occurredAt` tells the order.
   *
   * At least once: an event is claimed for `eventLeaseMs` before it is told, and told again after that where a crash or
   * the storage kept its outcome from being stored. A handler that throws, or that does not end meanwhile, is called
   * again later, with the same event id, up to `eventAttempts` times. An instance without handlers leaves the outbox
   * alone; one with any takes events of every type, so all instances that dispatch must have the same handlers.
   *
   * @throws `unavailable` storage_unavailable
   */
  dispatch(options?: { limit?: number | undefined }): Promise<Dispatched>
}
