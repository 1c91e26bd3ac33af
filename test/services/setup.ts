import type { TestProject } from 'vitest/node'
import { startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A PostgreSQL whose user may create databases and schemas. Each test file makes its own. */
    databaseUrl: string
    /** A Redis shared by all files: every test uses a key prefix of its own. */
    redisUrl: string
  }
}

/** Starts the servers once for all files of the `services` project and stops them after the last. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const started = await Promise.allSettled([startPostgres(), startRedis()])
  const stop = async () => {
    await Promise.all(started.map((result) => (result.status === 'fulfilled' ? result.value.stop() : undefined)))
  }
  const [postgres, redis] = started
  if (postgres.status === 'rejected' || redis.status === 'rejected') {
    await stop()
    throw postgres.status === 'rejected' ? postgres.reason : (redis as PromiseRejectedResult).reason
  }
  project.provide('databaseUrl', postgres.value.url)
  project.provide('redisUrl', redis.value.url)
  return stop
}
