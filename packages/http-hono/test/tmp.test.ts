import { writeFileSync } from 'node:fs'
import { test } from 'vitest'
import { openWorld } from './http-world.ts'
test('x', async () => {
  const { send } = await openWorld()
  writeFileSync('/tmp/docs.html', (await send('GET', '/docs', undefined, { as: 'anonymous' })).body)
  writeFileSync('/tmp/openapi.json', JSON.stringify((await send('GET', '/openapi.json', undefined, { as: 'anonymous' })).body, null, 1))
})
