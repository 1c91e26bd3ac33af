import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'

const patience = { timeout: 20_000 }

const logger = new URL('logger.ts', import.meta.url).href

/** A process that logs as a server does. */
function start(script: string) {
  const child = spawn(process.execPath, ['--conditions=@florin/source', '--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

const begin = `
  import { createLogger, gatheredOutput } from '${logger}'
  const logger = createLogger({ destination: gatheredOutput() })
`

test.each([
  { ends: 'by itself', how: '', code: 0 },
  { ends: 'by process.exit', how: 'process.exit(3)', code: 3 },
  {
    ends: 'by an error that nobody handled',
    how: "process.on('uncaughtExceptionMonitor', () => logger.error({}, 'last'))\nthrow new Error('unhandled')",
    code: 1,
  },
])('a process that ends $ends has written all its lines', async ({ how, code }) => {
  const lines = "for (let line = 0; line < 100; line += 1) logger.info({ line }, 'a line')"
  const child = start(`${begin}\n${lines}\n${how}`)
  const [output, [ended]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  expect(ended).toBe(code)
  expect(output.match(/"message":"a line"/g)).toHaveLength(100)
  expect(output.includes('"message":"last"')).toBe(how.includes('last'))
})

test('lines come within a moment, also where few are written', async () => {
  const child = start(`${begin}\nlogger.info({}, 'the only line')\nsetTimeout(() => {}, 60_000)`)
  const [line] = await once(child.stdout, 'data')
  expect(String(line)).toContain('the only line')
})

test('a server whose log nobody reads any more goes on, and ends when it is told to', async () => {
  const script = `${begin}
    process.stdin.once('data', () => {
      logger.info({}, 'nobody reads this')
      setTimeout(() => {
        process.stderr.write('still here')
        process.stdin.once('data', () => {
          logger.info({}, 'nor this')
          process.exit(4)
        })
      }, 300)
    })
    process.stderr.write('ready')`
  const child = start(script)
  let told = ''
  child.stderr.on('data', (bytes) => {
    told += bytes
  })
  await expect.poll(() => told, patience).toBe('ready')
  child.stdout.destroy()
  child.stdin.write('log')
  await expect.poll(() => told, patience).toContain('still here')
  expect(told).toContain('standard output cannot be written: EPIPE')
  child.stdin.write('end')
  expect((await once(child, 'exit'))[0]).toBe(4)
})

test('a server whose reader went away while it had nothing to log ends when it is told to', async () => {
  const script = `${begin}
    process.stdin.once('data', () => {
      logger.info({}, 'nobody reads this')
      process.exit(4)
    })
    process.stderr.write('ready')`
  const child = start(script)
  await once(child.stderr, 'data')
  child.stdout.destroy()
  child.stdin.write('end')
  expect((await once(child, 'exit'))[0]).toBe(4)
})
