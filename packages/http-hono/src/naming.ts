/** `payment_method` as core names it: `paymentMethod`. */
type CamelName<Name extends string> = Name extends `${infer First}_${infer Rest}`
  ? `${First}${Capitalize<CamelName<Rest>>}`
  : Name

/** An object of the API with its fields named as core names them. Only its own fields: keys of metadata are data. */
export type CamelCased<T> = { [Name in keyof T as CamelName<Name & string>]: T[Name] }

/** Names an object's own fields as core does. Nothing below them is touched, so metadata keys stay as they were sent. */
export function camelCased<T extends object>(fields: T): CamelCased<T> {
  const renamed = Object.entries(fields).map(([name, value]) => [camelName(name), value])
  // fromEntries defines fields and never assigns them, so that even `__proto__` would be a plain field.
  return Object.fromEntries(renamed) as CamelCased<T>
}

const camelName = (name: string) => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** A field's path as the caller sent it: `paymentMethod` → `payment_method`, `metadata.orderId` stays. */
export function snakePath(path: string): string {
  const [first = '', ...rest] = path.split('.')
  const field = first.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  // Below metadata there are the caller's own keys, which are not ours to rename.
  return field === 'metadata' ? [field, ...rest].join('.') : [field, ...rest.map(snakePath)].join('.')
}
