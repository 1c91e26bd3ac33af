import { type Actor, scopeOf } from '../actor.ts'
import type { Deps } from '../deps.ts'
import { InvalidError } from '../errors.ts'
import { keyOf } from '../input/object-ids.ts'
import { parseInput } from '../input/parse-input.ts'
import { one } from '../ports/storage.ts'
import { type Dispute, disputeId, toDispute } from './dispute.ts'

/** Reads a dispute; `Disputes.get` says what is promised. */
export async function getDispute({ storage }: Pick<Deps, 'storage'>, id: string, actor: Actor): Promise<Dispute> {
  const key = keyOf('dispute', parseInput(disputeId, id))
  const { dispute } = await storage.load({ dispute: one('disputes', { ...key, ...scopeOf(actor, 'disputes:read') }) })
  if (!dispute) throw new InvalidError('dispute_not_found', `no dispute ${id}`)
  return toDispute(dispute)
}
