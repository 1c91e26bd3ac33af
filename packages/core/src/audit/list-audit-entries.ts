import { z } from 'zod'
import { type Actor, scopeOf } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { ofStripes } from '../input/object-ids.ts'
import { parseInput } from '../input/parse-input.ts'
import { findObject } from '../observations/object-kinds.ts'
import { type Page, type PageInput, pageInput, pageQuery, toPage } from '../page.ts'
import { page } from '../ports/storage.ts'
import { type AuditEntry, toAuditEntry } from './audit-entry.ts'

/** What `audit.list` takes. */
export interface ListAuditEntries extends PageInput {
  /** What was changed: Florin's id, e.g. `tx_…`, or Stripe's, e.g. `pi_…`. Absent: whatever it was. */
  readonly objectId?: string | undefined
}

export const listAuditEntriesInput = z.strictObject({
  objectId: z
    .string()
    .regex(/^[a-z]+_[A-Za-z0-9_]{1,250}$/, { error: 'must be an id such as tx_… or pi_…' })
    .optional(),
  ...pageInput,
})

/** Lists who did what; `Audit.list` says what is promised. */
export async function listAuditEntries(
  deps: Pick<Deps, 'storage'>,
  input: ListAuditEntries,
  actor: Actor,
): Promise<Page<AuditEntry>> {
  const { objectId, ...place } = parseInput(listAuditEntriesInput, input)
  scopeOf(actor, 'audit:read')
  const where = objectId === undefined ? {} : { objectId: await ourIdOf(deps, objectId) }
  const { entries } = await deps.storage.load({ entries: page('audit_log', where, pageQuery(place)) })
  return toPage(entries, place.limit, toAuditEntry)
}

/** The log names objects by Florin's ids. */
async function ourIdOf({ storage }: Pick<Deps, 'storage'>, id: string): Promise<string> {
  const object = ofStripes(id)
  if (object === undefined) return id
  const { row } = await storage.load({ row: findObject[object](id) })
  return row?.id ?? id
}
