import { z } from 'zod'
import { type Actor, scopeOf } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { parseInput } from '../input/parse-input.ts'
import { type Page, type PageInput, pageInput, pageQuery, toPage } from '../page.ts'
import { one, page } from '../ports/storage.ts'
import { type AuditEntry, toAuditEntry } from './audit.ts'

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

/** By what Stripe's ids begin with: the objects that have an id of Florin's too, which is what the log names them by. */
const findByStripes = {
  pi: (gatewayId: string) => one('transactions', { gatewayId }),
  pm: (gatewayId: string) => one('payment_methods', { gatewayId }),
  card: (gatewayId: string) => one('payment_methods', { gatewayId }),
  src: (gatewayId: string) => one('payment_methods', { gatewayId }),
  ba: (gatewayId: string) => one('payment_methods', { gatewayId }),
  sub: (gatewayId: string) => one('subscriptions', { gatewayId }),
  in: (gatewayId: string) => one('invoices', { gatewayId }),
  re: (gatewayId: string) => one('refunds', { gatewayId }),
  pyr: (gatewayId: string) => one('refunds', { gatewayId }),
  dp: (gatewayId: string) => one('disputes', { gatewayId }),
  du: (gatewayId: string) => one('disputes', { gatewayId }),
} as const

const isStripes = (prefix: string): prefix is keyof typeof findByStripes => Object.hasOwn(findByStripes, prefix)

async function ourIdOf({ storage }: Pick<Deps, 'storage'>, id: string): Promise<string> {
  const prefix = id.slice(0, id.indexOf('_'))
  if (!isStripes(prefix)) return id
  const { row } = await storage.load({ row: findByStripes[prefix](id) })
  return row?.id ?? id
}
