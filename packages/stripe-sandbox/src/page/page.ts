import { type ChangeSignal, liveStream } from './live-stream.ts'
import { type ActionParts, act } from './page-actions.ts'
import { pageFile } from './page-files.ts'
import { layout, liveContent } from './page-layout.ts'
import { findObject, objectPage } from './page-object.ts'
import type { Html } from './page-text.ts'
import type { PageView } from './page-view.ts'

/** What the page shows and steers. */
export interface PageParts extends ActionParts {
  readonly ticking: boolean
  readonly changes: ChangeSignal
}

/** A request to the page. */
export interface PageCall {
  readonly method: string
  readonly url: URL
  readonly body: string
  readonly header: (name: string) => string | null
}

const folder = '/_sandbox/page/'

/** The sandbox as a page: what Stripe's dashboard would show. Gives undefined for what is not part of it. */
export function createPage(parts: PageParts): (call: PageCall) => Promise<Response | undefined> {
  const { context, faults, requests, webhooks, ticking } = parts
  const viewOf = (url: URL): PageView => ({
    context,
    faults,
    requests,
    webhooks,
    ticking,
    all: url.searchParams.get('all'),
  })
  const page = (url: URL, note: string | null, status = 200): Promise<Response> =>
    markup(layout('Stripe sandbox', liveContent(viewOf(url)), { live: true, note }), status)
  return async (call) => {
    const { method, url } = call
    const inFolder = url.pathname.startsWith(folder) ? url.pathname.slice(folder.length) : undefined
    if (method === 'POST' && inFolder?.startsWith('do/')) return pressed(parts, call, inFolder.slice('do/'.length))
    if (method !== 'GET') return undefined
    if (url.pathname === '/') return page(url, url.searchParams.get('note'))
    if (url.pathname === '/_sandbox/stream') return liveStream(parts.changes)
    if (inFolder === 'content') return markup(liveContent(viewOf(url)))
    if (inFolder?.startsWith('objects/')) return objectOf(viewOf(url), inFolder.slice('objects/'.length))
    return inFolder === undefined ? undefined : pageFile(inFolder)
  }
}

/** The script gets the note as JSON; without it, the browser goes back to the page, which shows the note. */
async function pressed(parts: ActionParts, { url, body, header }: PageCall, name: string): Promise<Response> {
  const result = await act(parts, name, Object.fromEntries(new URLSearchParams(body)))
  if (header('accept') === 'application/json') return Response.json(result, { status: result.done ? 200 : 400 })
  const back = new URL('/', url)
  back.searchParams.set('note', result.note)
  return new Response(null, { status: 303, headers: { location: back.pathname + back.search } })
}

function objectOf(view: PageView, id: string): Promise<Response> {
  const object = findObject(view, id)
  if (object === undefined) return Promise.resolve(new Response('There is no such object.', { status: 404 }))
  return markup(layout(id, objectPage(view, object), { live: false, note: null }))
}

async function markup(content: Html, status = 200): Promise<Response> {
  return new Response(String(await content), {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
  })
}
