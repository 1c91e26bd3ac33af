import type { Actor } from '../actor.ts'
import type { Page } from '../page.ts'
import type { AuditEntry } from './audit-entry.ts'
import type { ListAuditEntries } from './list-audit-entries.ts'

/** The audit log: who did what. It can only be read. */
export interface Audit {
  /**
   * Lists what was done, newest first: to everything, or to one object by Florin's id or Stripe's.
   *
   * @throws `invalid` input_invalid · `refused` forbidden
   * @throws `unavailable` storage_unavailable
   */
  list(input: ListAuditEntries, actor: Actor): Promise<Page<AuditEntry>>
}
