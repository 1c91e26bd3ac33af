/** What every stored object has. */
export interface Row {
  readonly id: string
}

/**
 * An object as it is stored: Stripe's own type, with every expandable field held as an id. It may be given wherever
 * Stripe's type is wanted, so the compiler checks that no required field is missing.
 */
export type Stored<T> = { [K in keyof T]: [string] extends [T[K]] ? Exclude<T[K], { object: string }> : T[K] }

/** A kind of stored object. The type parameter is what `store` gives back for it. */
export interface Collection<T extends Row> {
  readonly name: string
  /** Whether an id of this kind may be expanded in answers. Private records of the sandbox may not. */
  readonly expandable: boolean
  readonly row?: (row: T) => T
}

/** A kind without its row type, for the places that only need names. */
export type AnyCollection = Pick<Collection<Row>, 'name' | 'expandable'>

/** Names a kind of object that answers may contain. Its name is the key in snapshots. */
export const defineCollection = <T extends Row>(name: string): Collection<T> => ({ name, expandable: true })

/** Names a kind of private record: kept and snapshotted, never answered. */
export const definePrivateCollection = <T extends Row>(name: string): Collection<T> => ({ name, expandable: false })

/** The id of an expandable field, whether or not it is expanded. */
export const idOf = (reference: string | { readonly id: string } | null | undefined): string | null =>
  typeof reference === 'string' ? reference : (reference?.id ?? null)
