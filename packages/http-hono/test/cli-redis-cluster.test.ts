import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { afterAll, expect, inject, test } from 'vitest'
import { startRedisCluster } from '../../adapter-redis/test/redis-cluster.ts'
import { startFlorin, temporaryFolder } from './cli-process.ts'

const databaseUrl = new URL(inject('databaseUrl'))
const name = `florin_${randomBytes(6).toString('hex')}`
databaseUrl.pathname = `/${name}`

async function asAdmin(statement: string): Promise<void> {
  const admin = new Client({ connectionString: inject('databaseUrl') })
  await admin.connect()
  await admin.query(statement).finally(() => admin.end())
}
afterAll(() => asAdmin(`drop database if exists ${name} with (force)`))

test('two servers over a Redis Cluster of three count requests together', { timeout: 120_000 }, async () => {
  const cluster = await startRedisCluster()
  try {
    await asAdmin(`create database ${name} template template0`)
    const environment = {
      DATABASE_URL: databaseUrl.href,
      REDIS_CLUSTER_NODES: cluster.urls.map((url) => new URL(url).host).join(','),
      REDIS_PASSWORD: new URL(cluster.urls[0] ?? '').password,
      STRIPE_SECRET_KEY: 'sk_test_cluster',
      STRIPE_WEBHOOK_SECRET: 'whsec_cluster',
      STRIPE_API_BASE: 'http://127.0.0.1:9',
      JWT_SECRET: 'a secret of more than thirty-two characters',
      ENCRYPTION_KEY: '0123456789abcdef0123456789abcdef',
      RATE_LIMIT_PER_MINUTE: '30',
      SERVER_HOST: '127.0.0.1',
    }
    const migrated = startFlorin(['migrate', 'up'], { folder: temporaryFolder(), environment })
    expect(await migrated.ended(), migrated.output()).toBe(0)
    const ports = await Promise.all(
      [1, 2].map(async () => {
        const server = startFlorin(['serve', '--port', '0'], { folder: temporaryFolder(), environment })
        return (await server.says(/"port":(\d+)/))[1]
      }),
    )
    const ask = async (port: string | undefined) => fetch(`http://127.0.0.1:${port}/api/v1/payments/tx_1`)
    // Refused for want of a token, and counted all the same.
    const statuses = []
    for (let turn = 0; turn < 40; turn += 1) statuses.push((await ask(ports[turn % 2])).status)
    expect(statuses.filter((status) => status === 401)).toHaveLength(30)
    expect(statuses.filter((status) => status === 429)).toHaveLength(10)
    for (const port of ports) {
      expect(await (await fetch(`http://127.0.0.1:${port}/health`)).json()).toEqual({ status: 'healthy' })
    }
  } finally {
    await cluster.stop()
  }
})
