import { createServer } from 'node:net'

/**
 * A loopback port that was free a moment ago. Another program may take it before our server does, so a start that
 * fails is tried again on another one, and a server counts as ours only by what our own child process prints.
 */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (address === null || typeof address === 'string') {
        reject(new Error('no port'))
        return
      }
      server.close(() => resolve(address.port))
    })
  })
}
