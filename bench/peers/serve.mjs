// Serves a handler of webhooks as the benchmark expects it of every contestant.
import { serve as listen } from '@hono/node-server'
import { Hono } from 'hono'

/** Answers 200 where the handler resolves with true, else 400: what is refused must not count as work done. */
export function serve(handle) {
  const app = new Hono()
  app.post('/webhooks', async (c) => ((await handle(c.req.raw)) ? c.json({ received: true }) : c.json({}, 400)))
  const server = listen({ fetch: app.fetch, port: Number(given('SERVER_PORT')), hostname: '127.0.0.1' }, ({ port }) => {
    console.log(`listening on http://127.0.0.1:${port}/webhooks`)
  })
  process.on('SIGTERM', () => {
    server.close()
    process.exit(0)
  })
}

/** A setting that the benchmark gives. */
export function given(name) {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set`)
  return value
}
