import { connect, createServer, type Socket } from 'node:net'

/** A way to a server that can be blocked and cut, so that a test need not touch the server that others use too. */
export interface TcpProxy {
  /** The server's URL, by way of the proxy. */
  readonly url: string
  /** Lets nothing through from now on: connections stay open and are accepted, as by a server that is stopped. */
  pause(): void
  /** Lets through what was held back, and what comes. */
  resume(): void
  /** Leads new connections to another server, as a name does after a failover; those that are there stay where they are. */
  leadTo(serverUrl: string): void
  /** Holds every piece of data back for so long, in both directions; 0 for no longer. */
  delay(milliseconds: number): void
  /** Cuts all connections and refuses new ones, as if the server were dead. */
  kill(): Promise<void>
  /** Listens again on the same port. */
  revive(): Promise<void>
  /** Ends it for good. */
  close(): Promise<void>
}

/** Stands between a client and the server of a URL, on loopback. */
export async function startProxy(serverUrl: string): Promise<TcpProxy> {
  let target = new URL(serverUrl)
  const sockets = new Set<Socket>()
  let paused = false
  let delayMs = 0
  const track = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy())
    if (paused) socket.pause()
  }
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      // Timers of one length end in the order in which they began, so that what is written stays in order.
      from.on('data', (bytes) => (delayMs === 0 ? to.write(bytes) : setTimeout(() => to.write(bytes), delayMs)))
      from.on('close', () => to.destroy())
      track(from)
    }
  })
  const listen = (port: number) =>
    new Promise<number>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', () => {
        const address = server.address()
        server.off('error', reject)
        if (address === null || typeof address === 'string') reject(new Error('no port'))
        else resolve(address.port)
      })
    })
  const port = await listen(0)
  const kill = async (): Promise<void> => {
    if (!server.listening) return
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await closed
  }
  const url = new URL(serverUrl)
  url.host = `127.0.0.1:${port}`
  return {
    url: url.href,
    pause() {
      paused = true
      for (const socket of sockets) socket.pause()
    },
    resume() {
      paused = false
      for (const socket of sockets) socket.resume()
    },
    leadTo(another) {
      target = new URL(another)
    },
    delay(milliseconds) {
      delayMs = milliseconds
    },
    kill,
    async revive() {
      await listen(port)
    },
    close: kill,
  }
}
