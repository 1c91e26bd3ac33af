import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const main = new URL('../src/main.ts', import.meta.url).pathname

it('takes a payment and refunds a part of it, with nothing else running', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=@florin/source', main])
  expect(stdout).toBe('succeeded 1000\nrefunded 400 succeeded\nship 1000 USD\n')
})
