import { globSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** An operation of Stripe's API, as stripe-node calls it. */
export interface StripeOperation {
  /** Where stripe-node has it, e.g. `checkout.sessions`. */
  readonly resource: string
  readonly name: string
  readonly method: string
  /** Ids are written `:id`. */
  readonly path: string
  /** Its parameters, without those inside of others. */
  readonly params: () => readonly string[]
}

const folder = join(dirname(createRequire(import.meta.url).resolve('stripe')), '..', 'esm', 'resources')

/** Every operation that stripe-node knows, read from the files that Stripe generates. */
export function stripeOperations(): readonly StripeOperation[] {
  const found = globSync('**/*.js', { cwd: folder }).flatMap((file) => {
    const code = readFileSync(join(folder, file), 'utf8')
    const types = readFileSync(join(folder, file.replace(/js$/, 'd.ts')), 'utf8')
    const resource = file
      .replace(/\.js$/, '')
      .split(/[\\/]/)
      .map((part) => part.charAt(0).toLowerCase() + part.slice(1))
      .join('.')
    return [...code.matchAll(/_makeRequest\('(\w+)', [`'](.*?)[`'],/g)].map(
      ({ index, 1: method = '', 2: path = '' }) => {
        const name = [...code.slice(0, index).matchAll(/^ {4}(\w+)\(.*\{$/gm)].at(-1)?.[1] ?? ''
        return {
          resource,
          name,
          method,
          path: path.replaceAll(/\$\{.*?\}/g, ':id'),
          params: () => paramsOf(types, name),
        }
      },
    )
  })
  if (found.length < 500) throw new Error(`only ${found.length} operations were found in ${folder}`)
  // What Connect has on a host of its own is no part of the API.
  return found.filter(({ resource }) => resource !== 'oAuth')
}

function paramsOf(types: string, name: string): string[] {
  const type = new RegExp(`^ {4}${name}\\(.*params\\??: (?:\\w+\\.)*(\\w+Params)\\b`, 'm').exec(types)?.[1]
  if (type === undefined) return []
  const [, indent = '', body = ''] =
    new RegExp(`^( *)(?:export )?interface ${type} .*\\{\\n([^]*?)^\\1\\}`, 'm').exec(types) ?? []
  return [...body.matchAll(new RegExp(`^${indent} {4}(\\w+)\\??:`, 'gm'))].map(([, param = '']) => param)
}
