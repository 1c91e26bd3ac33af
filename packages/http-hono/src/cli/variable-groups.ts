import { z } from 'zod'

/** What is told of a variable: in errors, in `.env.example` and in the docs. */
export interface About {
  readonly group: string
  readonly about: string
  /** How to get a value, for what a server cannot do without. */
  readonly get?: string
  /** Stands in `.env.example`, uncommented. */
  readonly placeholder?: string
  /** Stands there commented out, where there is no default to show. */
  readonly example?: string
  /** What holds where it is not set, as it would be written, where that is not the schema's to say. */
  readonly default?: string
  /** Stands in `.env.example` in place of the default, for whoever tries Florin out with a copy of it; and why, in lines. */
  readonly toTry?: { readonly value: string; readonly why: readonly string[] }
  /** Never printed. */
  readonly secret?: true
}

/** What is known about the schema of each variable. */
export const about = z.registry<About>()

const inGroup =
  (group: string) =>
  (sentence: string, more: Omit<About, 'group' | 'about'> = {}): About => ({ group, about: sentence, ...more })
export const server = inGroup('HTTP server')
export const postgres = inGroup('PostgreSQL')
export const redis = inGroup('Redis')
export const stripe = inGroup('Stripe')
export const tokens = inGroup('Tokens')
export const encryption = inGroup('Encryption')
export const rules = inGroup('Rules')
export const events = inGroup('Events')
export const auditLog = inGroup('Audit log')
export const retention = inGroup('Retention')
export const sandbox = inGroup('Sandbox')
