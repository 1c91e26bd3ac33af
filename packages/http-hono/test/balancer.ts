import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { onTestFinished } from 'vitest'

interface Sent {
  readonly status: number
  readonly body: string
}

/** Sends each request to the next server that is ready, as a load balancer does. */
export interface Balancer {
  /** Rejects where a request was sent and not answered: only one that certainly reached nobody goes to another server. */
  send(method: string, path: string, body?: string, headers?: Readonly<Record<string, string>>): Promise<Sent>
  /** How many servers take requests now. */
  ready(): number
}

const PROBE_MS = 100
const PROBE_TIMEOUT_MS = 1000

/**
 * A load balancer in a few lines: it keeps connections, asks each server for `/health/ready` ten times a second, and goes
 * on to the next one where a connection is refused.
 */
export function balance(urls: readonly string[]): Balancer {
  const servers = urls.map((url) => ({ url, agent: new Agent({ keepAlive: true }), isReady: false }))
  const probing = setInterval(() => {
    for (const server of servers) {
      const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS)
      void exchange(`${server.url}/health/ready`, { method: 'GET', agent: false, signal }).then(
        ({ status }) => {
          server.isReady = status === 200
        },
        () => {
          server.isReady = false
        },
      )
    }
  }, PROBE_MS)
  onTestFinished(() => {
    clearInterval(probing)
    for (const { agent } of servers) agent.destroy()
  })
  let turn = 0
  return {
    ready: () => servers.filter(({ isReady }) => isReady).length,
    async send(method, path, body, headers = {}) {
      const deadline = performance.now() + 20_000
      for (;;) {
        turn += 1
        const ready = servers.filter(({ isReady }) => isReady)
        const server = ready[turn % ready.length]
        if (server) {
          try {
            return await exchange(`${server.url}${path}`, { method, agent: server.agent, headers }, body)
          } catch (error) {
            if (!(error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED')) throw error
            server.isReady = false
          }
        }
        if (performance.now() > deadline) throw new Error('no server was ready for 20 seconds')
        if (!server) await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
  }
}

function exchange(
  url: string,
  options: { method: string; agent: Agent | false; headers?: IncomingHttpHeaders; signal?: AbortSignal },
  body?: string,
): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const sending = request(url, options, (response) => {
      const chunks: Buffer[] = []
      response
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }))
        .on('error', reject)
    })
    sending.on('error', reject).end(body)
  })
}
