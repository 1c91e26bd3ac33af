import { UnavailableError } from './errors.ts'
import type { CallBudget, CallShare } from './ports/call-budget.ts'
import { type GatewayCall, nounOf, type PaymentGateway } from './ports/gateway.ts'
import type { Observer, Runtime } from './ports/runtime.ts'

// A caller who has to wait longer than this is told to come back.
const LONGEST_WAIT_MS = 10_000

/** A gateway whose calls wait until the budget lets them go. */
export interface BudgetedGateway extends PaymentGateway {
  /**
   * Takes a place for a call and waits until it may be sent, before anything of it is written. The answered gateway
   * sends it without waiting again.
   *
   * @throws `unavailable` overloaded: it would have to wait for more than 10 s, and nothing was done
   */
  reserve(call: GatewayCall['do']): Promise<Reserved>
}

/** A call that may be sent now. */
export interface Reserved {
  readonly call: GatewayCall['do']
  readonly gateway: BudgetedGateway
  /** Time has passed since it was asked for: what was read before may have changed. */
  readonly hasWaited: boolean
}

interface Budgeting {
  readonly gateway: PaymentGateway
  /** Absent: calls never wait. */
  readonly budget?: CallBudget | undefined
  readonly share: CallShare
  readonly runtime: Pick<Runtime, 'wait'>
  readonly observer: Observer
}

/**
 * A gateway that keeps to its share of the call budget. Reading a webhook is no call. What `lookUp` needs beyond one list
 * and one read, the many pages of a customer who made more than a hundred payments meanwhile, is not counted.
 */
export function budgetedGateway({ gateway, budget, share, runtime, observer }: Budgeting): BudgetedGateway {
  /** Answers how long it waited. */
  const turn = async (endpoint: string, atMostMs?: number): Promise<number> => {
    if (!budget) return 0
    const { granted, waitMs } = await budget.take({ endpoint, share, ...(atMostMs !== undefined && { atMostMs }) })
    if (waitMs === 0) return 0
    observer.tell({
      what: 'gateway_awaited',
      endpoint,
      share,
      outcome: granted ? 'sent' : 'refused',
      milliseconds: waitMs,
    })
    if (!granted) throw tooLong(waitMs)
    await runtime.wait(waitMs)
    return waitMs
  }
  const budgeted: BudgetedGateway = {
    livemode: gateway.livemode,
    prepare: (call) => gateway.prepare(call),
    async send(call, options) {
      await turn(call.call)
      return gateway.send(call, options)
    },
    async read(ref) {
      await turn(`${ref.object}.read`)
      return gateway.read(ref)
    },
    async lookUp(call, since) {
      const noun = nounOf(call.call)
      if (call.subject === null) await turn(`${noun}.list`)
      await turn(`${noun}.read`)
      return gateway.lookUp(call, since)
    },
    async list(query) {
      await turn(`${query.object}.list`)
      return gateway.list(query)
    },
    async account() {
      await turn('account.read')
      return gateway.account()
    },
    events: {
      verify: (body, signature) => gateway.events.verify(body, signature),
      read: (body) => gateway.events.read(body),
      async list(query) {
        await turn('event.list')
        return gateway.events.list(query)
      },
    },
    async reserve(call) {
      const hasWaited = (await turn(call, LONGEST_WAIT_MS)) > 0
      let isPaid = true
      const send: PaymentGateway['send'] = (prepared, options) => {
        if (!isPaid || prepared.call !== call) return budgeted.send(prepared, options)
        isPaid = false
        return gateway.send(prepared, options)
      }
      return { call, hasWaited, gateway: { ...budgeted, send } }
    },
  }
  return budgeted
}

function tooLong(waitMs: number): UnavailableError {
  const retryAfterSeconds = Math.ceil((waitMs - LONGEST_WAIT_MS) / 1000)
  return new UnavailableError('overloaded', 'too many calls wait for the gateway', 'not_applied', { retryAfterSeconds })
}
