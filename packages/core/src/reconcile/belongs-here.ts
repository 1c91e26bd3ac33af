import type { Deps } from '../deps.ts'
import type { Observation } from '../observations/observation.ts'
import type { ObjectRef } from '../ports/gateway.ts'
import { one } from '../ports/storage.ts'

const MOST_REMEMBERED = 10_000

/**
 * Tells whether an object that is not stored here may be adopted: it is not another installation's. Objects that say
 * nothing of it themselves (invoices, disputes, payment methods, the payments of subscriptions) belong where their
 * payment or their customer does.
 *
 * @throws `unavailable` storage_unavailable, gateway_unavailable
 */
export function belongingHere(deps: Deps): (observation: Observation) => Promise<boolean> {
  const remembered = new Map<string, boolean>()

  const owner = async (ref: ObjectRef, isStored: () => Promise<boolean>): Promise<boolean> => {
    const known = remembered.get(ref.gatewayId)
    if (known !== undefined) return known
    const answer = await ((await isStored()) || asked(ref))
    if (remembered.size >= MOST_REMEMBERED) remembered.clear()
    remembered.set(ref.gatewayId, answer)
    return answer
  }
  const asked = async (ref: ObjectRef): Promise<boolean> => {
    const answer = await deps.gateway.read(ref)
    const observation = answer?.observations.find(({ gatewayId }) => gatewayId === ref.gatewayId)
    return observation === undefined || isOurs(observation)
  }
  const isOurs = async (observation: Observation): Promise<boolean> => {
    if (observation.installation !== null) return observation.installation === deps.settings.installation
    const { object, customerId } = observation
    if ((object === 'refund' || object === 'dispute') && observation.paymentGatewayId !== null) {
      const gatewayId = observation.paymentGatewayId
      const find = { row: one('transactions', { gatewayId }) }
      return owner({ object: 'payment', gatewayId }, async () => (await deps.storage.load(find)).row !== undefined)
    }
    const id = object === 'payment_method' ? observation.attachment.facts.customerId : customerId
    if (object === 'customer' || id === null) return true
    const find = { row: one('customers', { id }) }
    return owner({ object: 'customer', gatewayId: id }, async () => (await deps.storage.load(find)).row !== undefined)
  }
  return isOurs
}
