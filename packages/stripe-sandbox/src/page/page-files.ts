import { readFile } from 'node:fs/promises'

/** What the browser gets beside the page. The build copies both to where the bundle lies. */
const files = {
  'page.css': { url: new URL('page.css', import.meta.url), type: 'text/css; charset=utf-8' },
  'page.js': { url: new URL('page.js', import.meta.url), type: 'text/javascript; charset=utf-8' },
} as const

const isFile = (name: string): name is keyof typeof files => Object.hasOwn(files, name)

/** The style sheet or the script. */
export async function pageFile(name: string): Promise<Response | undefined> {
  if (!isFile(name)) return undefined
  const { url, type } = files[name]
  const headers = { 'content-type': type, 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' }
  return new Response(await readFile(url, 'utf8'), { headers })
}
