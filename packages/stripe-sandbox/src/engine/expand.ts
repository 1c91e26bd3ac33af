import type { Context } from './context.ts'
import { invalidRequest } from './stripe-failure.ts'

// A null field says nothing of what it could hold, so the names that Stripe's types call expandable are listed.
const expandableNames: ReadonlySet<string> = new Set(
  `application application_fee balance_transaction cancellation_policy charge configuration coupon credit_note customer
  customer_communication customer_signature default_payment_method default_price default_source default_tax_rates destination
  discount discounts duplicate_charge_documentation failure_balance_transaction generated_card invoice latest_attempt
  latest_charge latest_invoice latest_revision mandate on_behalf_of payment_intent payment_link payment_method payment_record
  pending_setup_intent plan price product promotion_code quote receipt refund refund_policy review schedule
  service_documentation setup_attempt setup_intent shipping_documentation shipping_rate single_use_mandate source
  source_refund source_transaction source_transfer source_transfer_reversal subscription subscription_schedule tax_code
  test_clock transfer transfer_reversal uncategorized_file`.split(/\s+/),
)

type Expanded = Record<string, unknown>

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Fills in the objects that `expand` asks for. Gives a copy; the stored objects keep their ids. */
export function expandObject(context: Context, object: object, paths: readonly string[]): object {
  let result: unknown = object
  for (const path of paths) {
    const segments = path.split('.')
    // `data` in front of a list is not counted as a level.
    const levels = segments[0] === 'data' ? segments.length - 1 : segments.length
    if (levels > 4) {
      throw invalidRequest(`You cannot expand more than 4 levels of a property. Property: ${path}`, { saved: false })
    }
    result = expandPath(context, result, segments, path)
  }
  return isRecord(result) ? result : object
}

function expandPath(context: Context, value: unknown, segments: readonly string[], path: string): unknown {
  const [name, ...rest] = segments
  if (name === undefined || value === null) return value
  if (Array.isArray(value)) return value.map((entry) => expandPath(context, entry, segments, path))
  if (!isRecord(value)) throw cannotExpand(path)
  const target = resolve(context, value, name, path)
  const copy: Expanded = { ...value }
  copy[name] = expandPath(context, target, rest, path)
  return copy
}

function resolve(context: Context, owner: Readonly<Record<string, unknown>>, name: string, path: string): unknown {
  const current = owner[name]
  if (current === undefined) {
    const computed = expandOnly(context, owner, name)
    if (computed === undefined) throw cannotExpand(path)
    return computed
  }
  if (typeof current === 'string') return findById(context, current) ?? refuse(path)
  if (Array.isArray(current) && current.every((entry) => typeof entry === 'string')) {
    return current.map((id) => findById(context, id) ?? refuse(path))
  }
  const leaf = current === null ? !expandableNames.has(name) : typeof current !== 'object'
  if (leaf) throw cannotExpand(path)
  return current
}

function expandOnly(context: Context, owner: Readonly<Record<string, unknown>>, name: string): unknown {
  if (typeof owner.object !== 'string' || typeof owner.id !== 'string') return undefined
  return context.registry.expansions.get(owner.object)?.get(name)?.(context, owner.id)
}

function findById(context: Context, id: string): object | undefined {
  for (const { name } of context.registry.expandable) {
    const row = context.state.tables.get(name)?.get(id)
    if (row !== undefined) return row
  }
  return undefined
}

const refuse = (path: string): never => {
  throw cannotExpand(path)
}

const cannotExpand = (path: string) => invalidRequest(`This property cannot be expanded (${path}).`, { saved: false })
