/** Anything that JSON can carry. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/**
 * JSON with sorted keys and without undefined fields, so that equal values give equal text.
 * Used where two values are compared or hashed, never for output.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const fields: Readonly<Record<string, unknown>> = { ...value }
  let text = ''
  for (const key of Object.keys(fields).sort()) {
    const field = fields[key]
    if (field !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(field)}`
  }
  return `{${text}}`
}

/** A short fingerprint (64 bits, FNV-1a in two lanes) to recognise a value again. Not for security. */
export function fingerprint(value: unknown): string {
  const text = canonicalJson(value)
  let low = 0x811c9dc5
  let high = 0x9747b28c
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    low = Math.imul(low ^ code, 0x01000193)
    high = Math.imul(high ^ (code + index), 0x85ebca6b)
    high ^= high >>> 13
  }
  const hex = (lane: number) => (lane >>> 0).toString(16).padStart(8, '0')
  return hex(high) + hex(low)
}
