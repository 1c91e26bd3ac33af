type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** The entries that have a value: what was not sent leaves what is stored alone. */
export function definedOnly<T extends object>(fields: T): Defined<T> {
  const kept: Defined<T> = { ...fields }
  for (const key in kept) if (kept[key] === undefined) delete kept[key]
  return kept
}
