import { allPages } from '../all-pages.ts'
import type { Deps } from '../deps.ts'
import { gatewayIdOf, type Kind, tableOf } from '../observations/object-kinds.ts'
import type { Observation } from '../observations/observation.ts'

/** One listed object, with what hangs on it. */
interface Listed {
  readonly target: Observation
  readonly observations: readonly Observation[]
}

/** One page of a kind, and the cursor after it; null on the last one. */
export interface ListedPage {
  readonly objects: readonly Listed[]
  readonly next: string | null
}

/**
 * Lists all objects of a kind, page by page. Payment methods are listed by customer, and their pages are customers'
 * pages: Stripe's list of all of them holds other things too. Those of other installations' customers are left out.
 */
export async function* listObjects(deps: Deps, kind: Kind, after?: string): AsyncGenerator<ListedPage> {
  const pageKind = kind === 'payment_method' ? 'customer' : kind
  for (let cursor = after; ; ) {
    const { data, next } = await deps.gateway.list({ object: pageKind, ...(cursor !== undefined && { after: cursor }) })
    const objects = data.flatMap((observations) => toListed(pageKind, observations))
    yield { objects: kind === 'payment_method' ? await methodsOf(deps, objects) : objects, next }
    if (next === null) return
    cursor = next
  }
}

function toListed(kind: Kind, observations: readonly Observation[]): readonly Listed[] {
  const target = observations.find(({ object }) => object === kind)
  return target ? [{ target, observations }] : []
}

async function methodsOf(deps: Deps, customers: readonly Listed[]): Promise<readonly Listed[]> {
  const methods: Listed[] = []
  for (const { target: customer } of customers) {
    if (customer.installation !== null && customer.installation !== deps.settings.installation) continue
    for (let after: string | undefined; ; ) {
      const cursor = after !== undefined && { after }
      const { data, next } = await deps.gateway.list({
        ...{ object: 'payment_method', customer: customer.gatewayId },
        ...cursor,
      })
      methods.push(...data.flatMap((observations) => toListed('payment_method', observations)))
      if (next === null) break
      after = next
    }
  }
  return methods
}

const ROWS_AT_ONCE = 500

/** The gateway's ids of all rows of a kind, newest first; of what it has not made yet there is none. */
export async function* storedIds({ stored }: Pick<Deps, 'stored'>, kind: Kind): AsyncGenerator<string> {
  for await (const rows of allPages(stored, tableOf[kind], {}, ROWS_AT_ONCE)) {
    for (const row of rows) {
      const gatewayId = gatewayIdOf(row)
      if (gatewayId !== null) yield gatewayId
    }
  }
}
