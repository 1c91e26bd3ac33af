// A row by its id, as JSON: no token, no limit, no log, no count.
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { Pool } from 'pg'

const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 10 })
const app = new Hono()

app.get('/payments/:id', async (c) => {
  const { rows } = await pool.query({
    name: 'read_payment',
    text: 'select * from payments where id = $1',
    values: [c.req.param('id')],
  })
  return rows[0] ? c.json(rows[0]) : c.json({ error: 'not found' }, 404)
})

serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: '127.0.0.1' })
