import { type Actor, scopeOf } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { InvalidError } from '../errors.ts'
import { keyOf } from '../input/object-ids.ts'
import { parseInput } from '../input/parse-input.ts'
import { one } from '../ports/storage.ts'
import { type Refund, refundId, toRefund } from './refund.ts'

/** Reads a refund; `Refunds.get` says what is promised. */
export async function getRefund({ storage }: Pick<Deps, 'storage'>, id: string, actor: Actor): Promise<Refund> {
  const key = keyOf('refund', parseInput(refundId, id))
  const { refund } = await storage.load({ refund: one('refunds', { ...key, ...scopeOf(actor, 'refunds:read') }) })
  if (!refund) throw new InvalidError('refund_not_found', `no refund ${id}`)
  return toRefund(refund)
}
