import { html, raw } from 'hono/html'
import type { OpenApiDocument } from './openapi-document.ts'
import { referenceStyle } from './reference-style.ts'

type Markup = ReturnType<typeof html>
type PathItem = NonNullable<OpenApiDocument['paths']>[string]
type Operation = NonNullable<PathItem['get']>
type Schema = NonNullable<NonNullable<OpenApiDocument['components']>['schemas']>[string]
type Reference = Extract<Schema, { $ref: string }>
type SchemaObject = Exclude<Schema, Reference>

interface Place {
  readonly method: string
  readonly path: string
  readonly operation: Operation
}

const methods = ['get', 'post', 'patch', 'delete'] as const

/** A page that shows an OpenAPI document, with everything in it: no script, no font, no request to anywhere. */
export async function referencePage(document: OpenApiDocument): Promise<string> {
  const places = placesOf(document)
  const base = document.servers?.[0]?.url ?? '/'
  const groups = (document.tags ?? []).map((tag) => ({
    ...tag,
    places: places.filter(({ operation }) => operation.tags?.includes(tag.name)),
  }))
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${document.info.title} API</title>
<style>${raw(referenceStyle)}</style>
</head>
<body>
<header>
<h1>${document.info.title} API</h1>
${text(document.info.description)}
<p>Version ${document.info.version}. The same as <a href="openapi.json">OpenAPI 3.1</a>, for generators.</p>
</header>
<nav aria-label="Sections">
${groups.map(({ name }) => html`<a href="#${anchor(name)}">${name}</a> `)}<a href="#objects">Objects</a>
</nav>
<main>
${groups.map(
  ({ name, description, places }) => html`<section id="${anchor(name)}">
<h2>${name}</h2>
${text(description)}
${places.map((place) => endpoint(document, base, place))}
</section>`,
)}
<section id="objects">
<h2>Objects</h2>
${Object.entries(document.components?.schemas ?? {}).map(([name, schema]) => object(document, name, schema))}
</section>
</main>
</body>
</html>`
  return String(await page)
}

function placesOf({ paths = {} }: OpenApiDocument): readonly Place[] {
  return Object.entries(paths).flatMap(([path, item]: [string, PathItem]) =>
    methods.flatMap((method) => {
      const operation = item[method]
      return operation ? [{ method, path, operation }] : []
    }),
  )
}

const anchor = (name: string) => name.toLowerCase().replaceAll(' ', '-')

function endpoint(document: OpenApiDocument, base: string, { method, path, operation }: Place): Markup {
  const parameters = (operation.parameters ?? []).flatMap((it) => ('name' in it ? [it] : []))
  const body = operation.requestBody && 'content' in operation.requestBody ? operation.requestBody : undefined
  const schema = body?.content['application/json']?.schema
  return html`<details id="${operation.operationId}">
<summary><span class="method ${method}">${method}</span><code>${path}</code><span class="what">${operation.summary}</span></summary>
${text(operation.description)}
${parameters.length > 0 && html`<h3>Parameters</h3><dl>${parameters.map((it) => field(`${it.name} (${it.in})`, it.schema, it.required))}</dl>`}
${schema && html`<h3>Body</h3>${fields(document, schema)}`}
${operation.tags?.includes('System') ? '' : html`<h3>Example</h3><pre>${curl(document, base, method, path, operation)}</pre>`}
<h3>Answers</h3>
<dl>${Object.entries(operation.responses ?? {}).map(([status, response]) => answer(status, response))}</dl>
</details>`
}

function answer(status: string, response: NonNullable<Operation['responses']>[string]): Markup {
  const description: unknown = response.description
  const content: Record<string, { schema?: Schema }> = response.content ?? {}
  const schema = Object.values(content)[0]?.schema
  const shown = schema && Number(status) < 400 ? html` <span class="type">${typeOf(schema)}</span>` : ''
  return html`<div><dt><code>${status}</code>${shown}</dt><dd>${inline(String(description ?? ''))}</dd></div>`
}

function object(document: OpenApiDocument, name: string, schema: Schema): Markup {
  const { description, example } = resolve(document, schema)
  return html`<details id="object-${name}">
<summary><code>${name}</code></summary>
${text(description)}
${fields(document, schema)}
${example === undefined ? '' : html`<h3>Example</h3><pre>${JSON.stringify(example, null, 2)}</pre>`}
</details>`
}

function fields(document: OpenApiDocument, schema: Schema): Markup {
  const { properties = {}, required = [] } = resolve(document, schema)
  return html`<dl>${Object.entries(properties).map(([name, it]) => field(name, it, required.includes(name)))}</dl>`
}

function field(name: string, schema: Schema | undefined, required = false): Markup {
  const description = schema && !isReference(schema) ? schema.description : undefined
  const mark = required ? html` <span class="required">required</span>` : ''
  return html`<div><dt><code>${name}</code>${mark}</dt>
<dd><span class="type">${schema ? typeOf(schema) : ''}</span> ${inline(description ?? '')}</dd></div>`
}

function typeOf(schema: Schema): string {
  if (isReference(schema)) return nameOf(schema.$ref)
  const { type, enum: words, items, format, anyOf, allOf }: SchemaObject = schema
  if (words) return words.map(String).join(' | ')
  if (type === 'array' && items) return `${typeOf(items)}[]`
  const parts = anyOf ?? allOf
  if (parts) return parts.map(typeOf).join(' | ')
  return [Array.isArray(type) ? type.join(' | ') : (type ?? 'any'), format].filter(Boolean).join(', ')
}

const isReference = (schema: Schema): schema is Reference => typeof schema.$ref === 'string'

const nameOf = (reference: string) => reference.slice(reference.lastIndexOf('/') + 1)

function resolve(document: OpenApiDocument, schema: Schema): SchemaObject {
  if (!isReference(schema)) return schema
  const found = document.components?.schemas?.[nameOf(schema.$ref)]
  return found && !isReference(found) ? found : {}
}

function curl(document: OpenApiDocument, base: string, method: string, path: string, operation: Operation): string {
  const origin = base.startsWith('/') ? `http://localhost:9097${base.replace(/\/$/, '')}` : base
  const body = operation.requestBody && 'content' in operation.requestBody ? operation.requestBody : undefined
  const schema = body?.content['application/json']?.schema
  const example = schema && resolve(document, schema).example
  const needsToken = (operation.security ?? []).length > 0
  return [
    `curl ${method === 'get' ? '' : `-X ${method.toUpperCase()} `}${origin}${path}`,
    needsToken && '-H "Authorization: Bearer $TOKEN"',
    needsToken && method !== 'get' && '-H "Idempotency-Key: $(uuidgen)"',
    example !== undefined && '-H "Content-Type: application/json"',
    example !== undefined && `-d '${JSON.stringify(example, null, 2)}'`,
  ]
    .filter((part) => part !== false)
    .join(' \\\n  ')
}

const text = (words: string | undefined) =>
  words ? words.split('\n\n').map((paragraph) => html`<p>${inline(paragraph)}</p>`) : ''

/** Text with `code` in it. */
const inline = (words: string) => words.split('`').map((part, index) => (index % 2 ? html`<code>${part}</code>` : part))
