import { readFileSync } from 'node:fs'
import { Ajv, type ErrorObject, type SchemaValidateFunction, type ValidateFunction } from 'ajv'
import { currentApiVersion } from '../src/index.ts'

/** What scripts/stripe-schema.mjs makes of stripe-node's types. */
interface StripeSchema {
  /** The definitions that an object of a kind may fit. */
  readonly objects: Readonly<Record<string, readonly string[]>>
  /** The definition of each event type. */
  readonly events: Readonly<Record<string, string>>
  readonly $defs: Readonly<Record<string, object | boolean>>
}

const schema: StripeSchema = JSON.parse(
  readFileSync(new URL('stripe-schema.json', import.meta.url), 'utf8'),
  // Compiled when data first needs it: all definitions together take half a second in each test file.
  (_key, value) => ('$ref' in Object(value) ? { definition: value.$ref.slice('#/$defs/'.length) } : value),
)

const ajv = new Ajv({ strict: false, validateSchema: false, inlineRefs: false, code: { optimize: false } })
const compiled = new Map<string, ValidateFunction>()

function definition(name: string): ValidateFunction {
  const known = compiled.get(name)
  if (known !== undefined) return known
  const found = schema.$defs[name]
  if (found === undefined) throw new Error(`the schema has no definition ${name}`)
  const made = ajv.compile(found)
  compiled.set(name, made)
  return made
}

const fitsDefinition: SchemaValidateFunction = (name: string, data: unknown, _parent, context) => {
  const validate = definition(name)
  if (validate(data)) return true
  const place = context?.instancePath ?? ''
  fitsDefinition.errors = (validate.errors ?? []).map((error) => ({
    ...error,
    instancePath: place + error.instancePath,
  }))
  return false
}
ajv.addKeyword({ keyword: 'definition', validate: fitsDefinition, errors: true })

// Stripe may add a word to an open string at any time. The sandbox may not: it speaks one version of the API.
const isKnownWord: SchemaValidateFunction = (words: readonly string[], data: unknown) => {
  if (typeof data !== 'string' || words.includes(data)) return true
  isKnownWord.errors = [{ keyword: 'known', params: { word: data }, message: `"${data}" is none of its words` }]
  return false
}
ajv.addKeyword({ keyword: 'known', validate: isKnownWord, errors: true })

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What differs from Stripe's types in an answer or an event of the current API version; empty when all is well. */
export function problemsOf(value: unknown): string[] {
  if (!isRecord(value)) return ['is not an object']
  if ('error' in value && value.object === undefined) return problemsAs(['error'], value.error, 'error')
  if (value.object === 'list') return problemsOfList(value)
  if (value.object === 'event') return problemsOfEvent(value)
  const kind = String(value.object)
  const all = schema.objects[kind]
  if (all === undefined)
    return [`${kind}: stripe-node has no such kind of object, or stripe-schema.mjs does not list it`]
  // Of a kind and its deleted form only one is meant, and only its differences say something.
  const meant = all.filter((name) => /(^|\.)Deleted/.test(name) === (value.deleted === true))
  return problemsAs(meant.length > 0 ? meant : all, value, `${kind} ${String(value.id)}`)
}

function problemsOfList({ data, object, ...rest }: Readonly<Record<string, unknown>>): string[] {
  const unknown = Object.keys(rest).filter((name) => !['has_more', 'url'].includes(name))
  if (
    typeof rest.has_more !== 'boolean' ||
    typeof rest.url !== 'string' ||
    unknown.length > 0 ||
    !Array.isArray(data)
  ) {
    return [`${String(object)}: must have exactly data, has_more and url`]
  }
  return data.flatMap(problemsOf)
}

function problemsOfEvent(event: Readonly<Record<string, unknown>>): string[] {
  if (event.api_version !== currentApiVersion) return []
  const type = String(event.type)
  const name = schema.events[type]
  if (name === undefined) return [`event ${type}: stripe-node has no such event`]
  const problems = problemsAs([name], event, `event ${type}`)
  const { object, previous_attributes: previous } = isRecord(event.data) ? event.data : {}
  if (problems.length > 0 || previous === undefined) return problems
  return problemsOf(asBefore(object, previous)).map((problem) => `event ${type}, previous_attributes: ${problem}`)
}

/** The object as it was: previous attributes hold what changed, at every depth, and null for what was not there. */
function asBefore(object: unknown, previous: unknown, name = ''): unknown {
  if (!isRecord(object) || !isRecord(previous)) return previous
  const entries = Object.entries(previous).map(([key, value]) => [key, asBefore(object[key], value, key)] as const)
  const mayLack = name === 'metadata' ? () => true : optionalFieldsOf(String(object.object))
  const absent = entries.filter(([key, value]) => value === null && mayLack(key)).map(([key]) => key)
  const before = Object.entries({ ...object, ...Object.fromEntries(entries) })
  return Object.fromEntries(before.filter(([key]) => !absent.includes(key)))
}

/** Which fields of a kind of object its type does not require. */
function optionalFieldsOf(kind: string): (field: string) => boolean {
  const [name] = schema.objects[kind] ?? []
  const found: unknown = name === undefined ? undefined : schema.$defs[name]
  const required = isRecord(found) && Array.isArray(found.required) ? found.required : undefined
  return (field) => required !== undefined && !required.includes(field)
}

function problemsAs(names: readonly string[], value: unknown, title: string): string[] {
  const found = names.map((name) => {
    const validate = definition(name)
    return validate(value) ? [] : (validate.errors ?? [])
  })
  if (found.some((errors) => errors.length === 0)) return []
  return [`${title}: ${describe(found.flat())}`]
}

/** Of all that an `anyOf` has tried, what lies deepest in the object was nearest to fitting. */
function describe(errors: readonly ErrorObject[]): string {
  const telling = errors.filter(({ keyword }) => keyword !== 'anyOf' && keyword !== 'definition')
  const depth = ({ instancePath }: ErrorObject): number => instancePath.split('/').length
  const deepest = Math.max(...telling.map(depth))
  const texts = telling
    .filter((error) => depth(error) === deepest)
    .map(({ instancePath, message = '', params }) =>
      `${instancePath || '/'} ${message} ${'additionalProperty' in params ? params.additionalProperty : ''}`.trim(),
    )
  return [...new Set(texts)].join(', or ')
}
