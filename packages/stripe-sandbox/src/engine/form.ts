import { invalidRequest } from './stripe-failure.ts'

/** A value of a decoded form: a text, or the fields and list entries that were written with brackets. */
export type FormValue = string | FormTree

/** Fields by name. List entries have their index as the name, as in `items[0][price]=…`. */
export interface FormTree {
  readonly [name: string]: FormValue
}

interface Growing {
  [name: string]: string | Growing
}

/** Decodes `a[b][0]=c` as Stripe does: brackets nest, `[]` appends, and a later value replaces an earlier one. */
export function decodeForm(text: string): FormTree {
  const root: Growing = Object.create(null)
  for (const [name, value] of new URLSearchParams(text)) place(root, segmentsOf(name), value)
  return root
}

/** Encodes a tree back, in a stable order, so that two requests can be compared. */
export function fingerprint(form: FormTree): string {
  const parts: string[] = []
  const walk = (value: FormValue, name: string): void => {
    if (typeof value === 'string') {
      parts.push(`${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
      return
    }
    for (const key of Object.keys(value).sort()) walk(value[key] ?? '', name === '' ? key : `${name}[${key}]`)
  }
  walk(form, '')
  return parts.join('&')
}

function segmentsOf(name: string): string[] {
  const open = name.indexOf('[')
  if (open < 0) return [name]
  const rest = name.slice(open)
  if (open === 0 || !/^(\[[^[\]]*\])+$/.test(rest)) {
    throw invalidRequest(`Invalid request: the parameter name '${name}' is malformed.`)
  }
  return [name.slice(0, open), ...rest.slice(1, -1).split('][')]
}

function place(root: Growing, segments: readonly string[], value: string): void {
  let tree = root
  for (const [depth, segment] of segments.entries()) {
    const key = segment === '' && depth > 0 ? String(Object.keys(tree).length) : segment
    if (depth === segments.length - 1) {
      tree[key] = value
      return
    }
    const next = tree[key]
    if (typeof next === 'object') {
      tree = next
    } else {
      const made: Growing = Object.create(null)
      tree[key] = made
      tree = made
    }
  }
}
