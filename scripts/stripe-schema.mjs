// Why: the sandbox's answers are only as good as their likeness to Stripe's. stripe-node's types say what Stripe
// answers in the version that Florin speaks; written down as JSON Schema, they can be held against every answer and
// every event while the tests run. Run it after an update of stripe-node; `--check` says whether it was forgotten.
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, sep } from 'node:path'
import ts from 'typescript-api'
import { isProgram, report, root } from './source.mjs'

const schemaFile = 'packages/stripe-sandbox/test/stripe-schema.json'

/** The objects that the sandbox imitates. A reference to any other kind is never expanded, so it is an id. */
const imitated = [
  ...['Account', 'BalanceTransaction', 'BillingPortal.Configuration', 'BillingPortal.Session', 'Charge'],
  ...['Checkout.Session', 'Coupon', 'Customer', 'CustomerBalanceTransaction', 'Discount', 'Dispute', 'Invoice'],
  ...[
    'InvoiceItem',
    'InvoiceLineItem',
    'InvoicePayment',
    'LineItem',
    'PaymentIntent',
    'PaymentMethod',
    'Plan',
    'Price',
  ],
  ...['Product', 'PromotionCode', 'Refund', 'SetupAttempt', 'SetupIntent', 'Subscription', 'SubscriptionItem'],
  ...['WebhookEndpoint'],
]

/** Fields that stripe-node adds to an error, which no answer holds. */
const addedToErrors = ['headers', 'statusCode', 'requestId', 'exception', 'userMessage', 'source']

/**
 * @returns {{ $comment: string, objects: object, events: object, error: string, $defs: object }} which definitions an
 * object of a kind, an event of a type and an error must fit, and the definitions
 */
export function makeSchema(stripeFolder) {
  const entry = join(stripeFolder, 'esm', 'stripe.esm.node.d.ts')
  const options = { strict: true, noEmit: true, types: [], target: ts.ScriptTarget.ES2023, skipLibCheck: true }
  const module = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext }
  const program = ts.createProgram([entry], { ...options, ...module, exactOptionalPropertyTypes: true })
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(entry)
  if (source === undefined) throw new Error(`${entry} does not exist`)
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(source))
  const stripe = namespaceOf(checker, exported, 'Stripe')
  const typeNamed = (name) => {
    const symbol = name.split('.').reduce((outer, part) => {
      const found = checker.getExportsOfModule(outer).find((symbol) => symbol.name === part)
      if (found === undefined) throw new Error(`stripe-node has no type ${name}`)
      return found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found
    }, stripe)
    return checker.getDeclaredTypeOfSymbol(symbol)
  }
  const hasType = (name) => {
    try {
      return typeNamed(name) !== undefined
    } catch {
      return false
    }
  }
  const kinds = imitated.flatMap((name) => {
    const deleted = name.replace(/(\w+)$/, 'Deleted$1')
    return hasType(deleted) ? [name, deleted] : [name]
  })
  const roots = new Map(kinds.map((name) => [typeNamed(name), name]))
  const converter = createConverter(checker, stripeFolder, (type) => roots.has(type))

  const objects = {}
  for (const [type, name] of roots) {
    const kind = literalOf(checker, type, 'object')
    if (kind === undefined) throw new Error(`${name} has no name in its field "object"`)
    objects[kind] = [...(objects[kind] ?? []), converter.refTo(type)]
  }
  const events = {}
  for (const event of typeNamed('Event').types) {
    const data = checker.getTypeOfPropertyOfType(event, 'data')
    const subject = checker.getTypeOfPropertyOfType(data, 'object')
    const subjects = subject.isUnion() ? subject.types : [subject]
    if (subjects.every((type) => roots.has(type))) {
      events[literalOf(checker, event, 'type')] = converter.refTo(event)
    }
  }
  const error = converter.inline(typeNamed('StripeRawError'))
  for (const name of addedToErrors) delete error.properties[name]
  error.required = ['type']
  const { version } = JSON.parse(readFileSync(join(stripeFolder, 'package.json'), 'utf8'))
  return {
    $comment: `Made by scripts/stripe-schema.mjs from the types of stripe ${version}. Not to be edited.`,
    objects,
    events,
    $defs: { error, ...converter.definitions() },
  }
}

function namespaceOf(checker, exported, name) {
  const symbol = exported.find((candidate) => candidate.name === name)
  if (symbol === undefined) throw new Error(`stripe-node exports no ${name}`)
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
}

const literalOf = (checker, type, property) => {
  const value = checker.getTypeOfPropertyOfType(type, property)
  return value?.isStringLiteral() ? value.value : undefined
}

/** Turns types into schemas. Named interfaces become definitions of their own, so that they may refer to each other. */
function createConverter(checker, stripeFolder, isImitated) {
  const names = new Map()
  const made = {}

  const refTo = (type) => ({ $ref: `#/$defs/${define(type)}` })

  const define = (type) => {
    const name = nameOf(type.symbol)
    const known = names.get(name)
    if (known !== undefined && known !== type.symbol) throw new Error(`two types are called ${name}`)
    if (known === undefined) {
      names.set(name, type.symbol)
      made[name] = inline(type)
    }
    return name
  }

  // Two files may have an interface of the same name, e.g. the sessions of Checkout and of the portal.
  const nameOf = (symbol) => {
    const parts = []
    let current = symbol
    while (current && !(current.flags & ts.SymbolFlags.ValueModule && current.declarations.some(ts.isSourceFile))) {
      parts.unshift(current.name)
      current = current.parent
    }
    const file = symbol.declarations[0].getSourceFile().fileName
    const folder = relative(join(stripeFolder, 'esm', 'resources'), dirname(file))
      .split(sep)
      .join('.')
    return [...(folder === '' || folder.startsWith('..') ? [] : [folder]), ...parts].join('.')
  }

  const inline = (type) => {
    const properties = {}
    const required = []
    for (const property of checker.getPropertiesOfType(type)) {
      const optional = (property.flags & ts.SymbolFlags.Optional) !== 0
      const value = checker.getTypeOfSymbol(property)
      properties[property.name] = convert(value)
      if (!optional) required.push(property.name)
    }
    const [index] = checker.getIndexInfosOfType(type)
    return {
      type: 'object',
      ...(Object.keys(properties).length === 0 ? {} : { properties }),
      ...(required.length === 0 ? {} : { required }),
      additionalProperties: index === undefined ? false : convert(index.type),
    }
  }

  const convert = (type) => {
    if (isDecimal(type)) return { type: 'string', pattern: '^-?\\d+(\\.\\d+)?$' }
    if (type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return {}
    // `deleted?: void` is how the types say that only the other shape, the deleted one, has the field.
    if (type.flags & (ts.TypeFlags.VoidLike | ts.TypeFlags.Never)) return false
    if (type.flags & ts.TypeFlags.Null) return { type: 'null' }
    if (type.isUnion()) return unionOf(type.types)
    if (type.isStringLiteral() || type.isNumberLiteral()) return { const: type.value }
    if (type.flags & ts.TypeFlags.BooleanLiteral) return { const: checker.typeToString(type) === 'true' }
    if (isOpenString(type) || type.flags & ts.TypeFlags.String) return { type: 'string' }
    if (type.flags & ts.TypeFlags.Number) return { type: 'number' }
    if (type.flags & ts.TypeFlags.Boolean) return { type: 'boolean' }
    if (checker.isArrayType(type)) return { type: 'array', items: convert(checker.getTypeArguments(type)[0]) }
    if (type.flags & ts.TypeFlags.Object) {
      // What an event says of earlier values holds only what changed, at every depth: no type says that, so whoever
      // reads the schema lays it over the object.
      if (type.aliasSymbol?.name === 'Partial') return { type: 'object' }
      return isNamed(type) ? refTo(type) : inline(type)
    }
    throw new Error(`no schema for ${checker.typeToString(type)}`)
  }

  const isNamed = (type) =>
    type.aliasSymbol === undefined &&
    (type.objectFlags & ts.ObjectFlags.Interface) !== 0 &&
    type.symbol.declarations.some((declaration) => ts.isInterfaceDeclaration(declaration)) &&
    (type.typeParameters ?? []).length === 0

  /** Words that Stripe may add to at any time are an open string; `known` holds those of this version. */
  const unionOf = (all) => {
    const types = all.filter((type) => !(type.flags & ts.TypeFlags.Undefined))
    const words = types.filter((type) => type.isStringLiteral()).map(({ value }) => value)
    const open = types.some(isOpenString)
    const ids = types.some((type) => (type.flags & ts.TypeFlags.String) !== 0)
    const yesOrNo = types.filter((type) => (type.flags & ts.TypeFlags.BooleanLiteral) !== 0)
    const rest = types.filter(
      (type) => !type.isStringLiteral() && !isOpenString(type) && !yesOrNo.includes(type) && !isPlain(type),
    )
    const kept = ids ? rest.filter((type) => !isResource(type) || isImitated(type)) : rest
    const schemas = kept.map(convert)
    if (open) schemas.unshift({ type: 'string', ...(words.length === 0 ? {} : { known: words }) })
    else if (ids) schemas.unshift({ type: 'string' })
    else if (words.length > 0) schemas.unshift({ enum: words })
    if (yesOrNo.length > 1) schemas.push({ type: 'boolean' })
    else schemas.push(...yesOrNo.map(convert))
    if (types.some((type) => type.flags & ts.TypeFlags.Number)) schemas.push({ type: 'number' })
    if (types.some((type) => type.flags & ts.TypeFlags.Null)) return orNull(schemas)
    return schemas.length === 1 ? schemas[0] : { anyOf: schemas }
  }

  const isPlain = (type) =>
    (type.flags & (ts.TypeFlags.String | ts.TypeFlags.Number | ts.TypeFlags.Null)) !== 0 && !isDecimal(type)

  const isResource = (type) => literalOf(checker, type, 'object') !== undefined

  return { refTo: define, inline, definitions: () => made }
}

const orNull = (schemas) => {
  const [only] = schemas
  if (schemas.length === 1 && typeof only.type === 'string') return { ...only, type: [only.type, 'null'] }
  if (schemas.length === 1 && only.enum !== undefined) return { enum: [...only.enum, null] }
  return { anyOf: [{ type: 'null' }, ...schemas] }
}

/** `OtherString`: any string, in a form that keeps the words beside it in the type. */
const isOpenString = (type) =>
  type.isIntersection() && !isDecimal(type) && type.types.some((part) => part.flags & ts.TypeFlags.String)

const isDecimal = (type) =>
  type.aliasSymbol?.name === 'Decimal' ||
  type.symbol?.name === 'DecimalImpl' ||
  (type.isIntersection() && type.types.some((part) => part.symbol?.name === 'DecimalImpl'))

/** One line per definition: compact, and a change of one of them shows as one line. */
function print({ $defs, ...head }) {
  const lines = Object.entries($defs)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, schema]) => `${JSON.stringify(name)}:${JSON.stringify(schema)}`)
  const heads = Object.entries(head).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
  return `{\n${heads.join(',\n')},\n"$defs":{\n${lines.join(',\n')}\n}}\n`
}

if (isProgram(import.meta.url)) {
  const require = createRequire(join(root, 'packages', 'stripe-sandbox', 'package.json'))
  const text = print(makeSchema(dirname(dirname(require.resolve('stripe')))))
  const path = join(root, schemaFile)
  if (process.argv.includes('--check')) {
    const stale = readFileSync(path, 'utf8') === text ? [] : [`${schemaFile} is not current: run ${process.argv[1]}`]
    report('stripe-schema', stale, `${text.split('\n').length} lines, current`)
  } else {
    writeFileSync(path, text)
    console.log(`${schemaFile}: ${text.length} characters`)
  }
}
