import { z } from 'zod'
import type { IdPrefix } from '../ids.ts'

/** How the ids of each kind of object begin: Florin's, and Stripe's. On call one has either at hand. */
export const objectIds = {
  payment: { ours: 'tx', stripes: ['pi'] },
  payment_method: { ours: 'method', stripes: ['pm', 'card', 'src', 'ba'] },
  refund: { ours: 'refund', stripes: ['re', 'pyr'] },
  dispute: { ours: 'dispute', stripes: ['dp', 'du'] },
  subscription: { ours: 'subscription', stripes: ['sub'] },
  invoice: { ours: 'invoice', stripes: ['in'] },
} as const satisfies Record<string, { readonly ours: IdPrefix; readonly stripes: readonly string[] }>

/** A kind of object that has an id of Florin's and one of Stripe's. */
export type NamedObject = keyof typeof objectIds

/** The form of either id. Those of Stripe's test methods hold underscores: `pm_card_visa`. */
export function idPattern(object: NamedObject): RegExp {
  const { ours, stripes } = objectIds[object]
  const more = object === 'payment_method' ? '_' : ''
  return new RegExp(`^(${[ours, ...stripes].join('|')})_[A-Za-z0-9${more}]{1,250}$`)
}

/** Accepts Florin's id or Stripe's. */
export function objectId(object: NamedObject) {
  const { ours, stripes } = objectIds[object]
  return z.string().regex(idPattern(object), { error: `must be an id such as ${ours}_… or ${stripes[0]}_…` })
}

const objects = Object.keys(objectIds) as readonly NamedObject[] // its type says that it names every kind once

/** The kind of object that an id of Stripe's names; undefined for ids of other kinds, and for Florin's. */
export const ofStripes = (id: string): NamedObject | undefined =>
  objects.find((object) => objectIds[object].stripes.some((prefix) => id.startsWith(`${prefix}_`)))

/** Whether an id is one of Florin's. */
export const isOurs = (object: NamedObject, id: string): boolean => id.startsWith(`${objectIds[object].ours}_`)

/** The lookup of an object by either id. */
export const keyOf = (object: NamedObject, id: string): { readonly id: string } | { readonly gatewayId: string } =>
  isOurs(object, id) ? { id } : { gatewayId: id }
