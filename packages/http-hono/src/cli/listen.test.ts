import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectPlain, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createLogger } from '../logger.ts'
import { type ListenOptions, listen } from './listen.ts'

const fixture = (name: string) => join(import.meta.dirname, '../../test/__fixtures__', name)
const ca = readFileSync(fixture('ca.crt'))
const localhost = readFileSync(fixture('localhost.crt'))

/** Serves, and stops after the test. */
async function serve(options: Partial<ListenOptions>) {
  const lines: string[] = []
  const logger = createLogger({ destination: { write: (line) => void lines.push(line) } })
  const fetch = () => new Response('hello')
  const listening = await listen({ fetch, port: 0, host: '127.0.0.1', choosePort: '--port', logger, ...options })
  onTestFinished(async () => void (await listening.close(0)))
  return { port: listening.port, close: listening.close, said: () => lines.join('') }
}

describe('TLS', () => {
  /** Files of a certificate that can be replaced. */
  function filesOf(cert: string, key: string) {
    const folder = mkdtempSync(join(tmpdir(), 'florin-tls-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const [certFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')]
    const put = (newCert: string, newKey?: string): void => {
      copyFileSync(fixture(newCert), certFile)
      if (newKey !== undefined) copyFileSync(fixture(newKey), keyFile)
    }
    put(cert, key)
    return { tls: { certFile, keyFile }, put, spoil: () => writeFileSync(certFile, 'no certificate') }
  }

  /** Who signed the certificate that a server shows. */
  const signer = (port: number, options: ConnectionOptions = {}) =>
    new Promise<string>((resolve, reject) => {
      const to = { port, host: '127.0.0.1', servername: 'localhost', ca: [ca, localhost], ...options }
      const socket = connectTls(to, () => {
        resolve(String(socket.getPeerCertificate().issuer.CN))
        socket.destroy()
      })
      socket.once('error', reject)
    })

  test('shows a new certificate once its files were replaced, and speaks nothing older than 1.3 then', async () => {
    const { tls, put } = filesOf('localhost.crt', 'localhost.key')
    const { port, said } = await serve({ tls, patience: { look: 20 } })
    expect(await signer(port)).toBe('localhost')
    put('signed.crt', 'signed.key')
    await expect.poll(() => signer(port), { timeout: 10_000 }).toBe('Florin tests CA')
    expect(said()).toContain('the certificate was read again')
    await expect(signer(port, { maxVersion: 'TLSv1.2' })).rejects.toThrow(/protocol version/)
  })

  test.each([
    { why: 'is none', change: (files: ReturnType<typeof filesOf>) => files.spoil() },
    { why: 'has another key', change: (files: ReturnType<typeof filesOf>) => files.put('localhost.crt') },
    { why: 'has expired', change: (files: ReturnType<typeof filesOf>) => files.put('expired.crt') },
    { why: 'is gone', change: ({ tls }: ReturnType<typeof filesOf>) => rmSync(tls.certFile) },
  ])('keeps the old certificate where the new one $why, says so, and takes the next', async ({ change }) => {
    const files = filesOf('signed.crt', 'signed.key')
    const { port, said } = await serve({ tls: files.tls, patience: { look: 20 } })
    change(files)
    await expect.poll(said, { timeout: 10_000 }).toMatch(/"level":"ERROR".*the old one stays/)
    expect(await signer(port)).toBe('Florin tests CA')
    files.put('localhost.crt', 'localhost.key')
    await expect.poll(() => signer(port), { timeout: 10_000 }).toBe('localhost')
  })

  test('begins with a certificate that has expired, and says so', async () => {
    const { said } = await serve({ tls: filesOf('expired.crt', 'signed.key').tls })
    expect(said()).toMatch(/"level":"ERROR","time":"[^"]+","expires":"2020-01-02T00:00:00.000Z"/)
  })

  test('does not begin with one that is none', async () => {
    const files = filesOf('signed.crt', 'signed.key')
    files.spoil()
    await expect(serve({ tls: files.tls })).rejects.toThrow()
  })
})

/** What a server answers to what is written, until it ends the connection. */
async function untilClosed(port: number, talk: (socket: Socket) => void): Promise<string> {
  const socket = connectPlain(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let heard = ''
  socket.setEncoding('utf8').on('data', (text) => {
    heard += text
  })
  talk(socket)
  return new Promise((resolve) => socket.on('error', () => undefined).on('close', () => resolve(heard)))
}

describe('an answer before the whole body has come', () => {
  const SIZE = 4_000_000
  const none = 'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'
  const bodies = [
    { why: 'of a length', begin: `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${SIZE}\r\n\r\n`, end: '' },
    {
      why: 'in pieces',
      begin: `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${SIZE.toString(16)}\r\n`,
      end: '\r\n0\r\n\r\n',
    },
  ]
  const half = 'x'.repeat(SIZE / 2)
  const refusing = (more: Partial<ListenOptions> = {}) => {
    const asked: string[] = []
    const fetch = async (request: Request) => {
      asked.push(request.method)
      // As a limit does that is found out while the body is read.
      await request.body?.getReader().read()
      return new Response('too large', { status: 413, headers: { 'X-Why': 'size' } })
    }
    return { asked, served: serve({ fetch, ...more }) }
  }
  const answers = (heard: string) => heard.match(/HTTP\/1\.1 413 /g)?.length
  /** Says the rest once the answer was heard whole. */
  const afterAnswer = (socket: Socket, rest: string, sent: () => void) =>
    socket.on('data', (text) => {
      if (String(text).endsWith('too large')) socket.write(rest, (error) => error ?? sent())
    })

  test.each(bodies)('waits for the rest that comes, $why, and another request follows', async ({ begin, end }) => {
    const { served } = refusing()
    const { port } = await served
    const heard = await untilClosed(port, (socket) => {
      socket.write(begin + half, () => socket.write(half + end + none))
    })
    expect(answers(heard)).toBe(2)
    expect(heard.match(/connection: close/gi)).toHaveLength(1)
  })

  test.each(bodies)(
    'is heard whole where the rest, $why, does not come, and says that the connection ends',
    async ({ begin, end }) => {
      const { asked, served } = refusing({ patience: { rest: 50, linger: 60_000 } })
      const { port } = await served
      let sentAll = false
      const heard = await untilClosed(port, (socket) => {
        socket.write(begin + half)
        afterAnswer(socket, half + end + none, () => {
          sentAll = true
        })
      })
      expect(heard).toMatch(/^HTTP\/1\.1 413 (?:.+\r\n)+\r\ntoo large$/)
      expect(heard).toMatch(/\r\nconnection: close\r\n/i)
      expect(heard).toMatch(/\r\nx-why: size\r\n/i)
      // Read to its end, but what was asked after it was not done.
      expect(sentAll).toBe(true)
      expect(asked).toEqual(['POST'])
    },
  )

  test.each(bodies)('ends who never sends the rest, $why, also while the server stops', async ({ begin }) => {
    const { served } = refusing({ patience: { rest: 50, linger: 200 } })
    const { port, close } = await served
    let stopped: Promise<boolean> | undefined
    const heard = await untilClosed(port, (socket) => {
      socket.write(`${begin}x`)
      socket.once('data', () => {
        stopped = close(60_000)
      })
    })
    expect(heard).toMatch(/^HTTP\/1\.1 413 (?:.+\r\n)+\r\ntoo large$/)
    expect(await stopped).toBe(true)
  })
})

describe('who is slow on purpose', () => {
  const short = { headers: 200, request: 400, idle: 200, silence: 60_000, look: 50 }

  /** Writes a piece now and then, for ever. */
  const drip = (piece: string) => (socket: Socket) => {
    const timer = setInterval(() => socket.write(piece), 20)
    socket.on('close', () => clearInterval(timer))
  }

  test.each([
    { why: 'sends nothing', talk: () => undefined, request: 60_000, answer: /^(HTTP\/1\.1 408 |$)/ },
    {
      why: 'sends headers for ever',
      begin: 'GET / HTTP/1.1\r\nHost: a\r\n',
      talk: drip('X-A: b\r\n'),
      request: 60_000,
      answer: /^HTTP\/1\.1 408 /,
    },
    {
      why: 'sends a body for ever',
      begin: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n',
      talk: drip('x'),
      answer: /^HTTP\/1\.1 408 /,
    },
    {
      why: 'has no other request',
      begin: 'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
      talk: () => undefined,
      answer: /^HTTP\/1\.1 200 /,
    },
  ])('is cut off: it $why', async ({ begin = '', talk, answer, request = 400 }) => {
    const fetch = async (asked: Request) => new Response(await asked.text())
    const { port } = await serve({ fetch, patience: { ...short, request } })
    const heard = await untilClosed(port, (socket) => {
      socket.write(begin)
      talk(socket)
    })
    expect(heard).toMatch(answer)
  })

  test('is cut off: it does not read what it asked for', async () => {
    const cut = new Promise<string>((resolve) => {
      const body = () =>
        new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(1_000_000)),
          cancel: () => resolve('cut'),
        })
      void serve({ fetch: () => new Response(body()), patience: { ...short, silence: 300 } }).then(({ port }) => {
        const socket = connectPlain(port, '127.0.0.1')
        onTestFinished(() => void socket.destroy())
        socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
        socket.once('data', () => socket.pause())
      })
    })
    expect(await cut).toBe('cut')
  })

  test('is not who waits for an answer that takes long to be made', async () => {
    const fetch = () => new Promise<Response>((resolve) => setTimeout(() => resolve(new Response('late')), 800))
    const { port } = await serve({ fetch, patience: short })
    expect(await (await globalThis.fetch(`http://127.0.0.1:${port}/`)).text()).toBe('late')
  })

  test('headers over 16 KB are refused', async () => {
    const { port } = await serve({})
    const heard = await untilClosed(port, (socket) => {
      socket.write(`GET / HTTP/1.1\r\nHost: a\r\nX-A: ${'x'.repeat(20_000)}\r\n\r\n`)
    })
    expect(heard).toMatch(/^HTTP\/1\.1 431 /)
  })
})
