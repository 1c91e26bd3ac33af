import { Cluster, Redis } from 'ioredis'
import { expect, vi } from 'vitest'
import { freePort } from '../../../test/services/port.ts'
import { startRedisProgram } from '../../../test/services/redis.ts'
import type { Service } from '../../../test/services/service.ts'

const SLOTS = 16_384

/** A Redis Cluster of three masters, and a client of it. */
export interface RedisCluster {
  readonly urls: readonly string[]
  readonly client: Cluster
  stop(): Promise<void>
}

/** Starts three servers on this machine and makes a cluster of them. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const password = 'of-the-cluster'
  const nodes: { server: Service; port: number; bus: number; admin: Redis }[] = []
  for (let index = 0; index < 3; index += 1) {
    const bus = await freePort()
    const settings = ['cluster-enabled yes', `cluster-port ${bus}`, `requirepass ${password}`, `masterauth ${password}`]
    const server = await startRedisProgram(settings)
    const { port } = new URL(server.url)
    nodes.push({ server, bus, port: Number(port), admin: new Redis({ port: Number(port), password }) })
  }
  for (const [index, { admin }] of nodes.entries()) {
    const [from, to] = [index, index + 1].map((share) => Math.floor((share * SLOTS) / nodes.length))
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', String(from), String((to ?? SLOTS) - 1))
    await admin.call('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
  }
  const [first, ...others] = nodes
  for (const { port, bus } of others) {
    await first?.admin.call('CLUSTER', 'MEET', '127.0.0.1', String(port), String(bus))
  }
  await vi.waitFor(
    async () => {
      for (const { admin } of nodes) {
        const state = String(await admin.call('CLUSTER', 'INFO'))
        expect(state).toContain('cluster_state:ok')
        expect(state).toContain('cluster_known_nodes:3')
      }
    },
    { timeout: 30_000, interval: 50 },
  )
  for (const { admin } of nodes) admin.disconnect()
  const client = new Cluster(
    nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
    { redisOptions: { password } },
  )
  return {
    urls: nodes.map(({ port }) => `redis://:${password}@127.0.0.1:${port}`),
    client,
    async stop() {
      client.disconnect()
      await Promise.all(nodes.map(({ server }) => server.stop()))
    },
  }
}
