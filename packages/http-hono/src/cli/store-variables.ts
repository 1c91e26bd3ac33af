import { flag, integer, list, port, readNode, text, url } from './value-types.ts'
import { about, postgres, redis } from './variable-groups.ts'

/** Where PostgreSQL and Redis are. */
export const storeVariables = {
  DATABASE_URL: url(['postgres:', 'postgresql:'])
    .optional()
    .register(
      about,
      postgres('The whole connection in one; stands above the DB_ variables', {
        example: 'postgres://user:password@localhost:5432/payment_db',
        secret: true,
      }),
    ),
  DATABASE_REPLICA_URL: url(['postgres:', 'postgresql:'])
    .optional()
    .register(
      about,
      postgres('A streaming replica for reads that may lag: objects and lists of GET requests', {
        example: 'postgres://user:password@replica:5432/payment_db',
        secret: true,
      }),
    ),
  DB_HOST: text().default('localhost').register(about, postgres('Host of PostgreSQL 15 or newer')),
  DB_PORT: port().default(5432).register(about, postgres('Port of PostgreSQL')),
  DB_USER: text().default('postgres').register(about, postgres('User of the database')),
  DB_PASSWORD: text()
    .optional()
    .register(about, postgres('Password of that user', { example: 'postgres', secret: true })),
  DB_NAME: text().default('payment_db').register(about, postgres('Name of the database')),
  DB_SSL: flag().default(false).register(about, postgres('Connect over TLS and check the certificate')),
  DB_SSL_CA_FILE: text()
    .optional()
    .register(
      about,
      postgres("The CA that signed it (PEM), instead of the system's; turns DB_SSL on", {
        example: '/etc/florin/postgres-ca.crt',
      }),
    ),
  DB_POOL_SIZE: integer({ from: 1, to: 1000 })
    .default(10)
    .register(about, postgres('Connections that one server opens at most')),
  DB_PREPARED_STATEMENTS: flag()
    .default(true)
    .register(
      about,
      postgres('Off behind a pooler in transaction mode that keeps no prepared statements (PgBouncer before 1.21)'),
    ),

  REDIS_URL: url(['redis:', 'rediss:'])
    .optional()
    .register(
      about,
      redis('The whole connection in one; stands above the other REDIS_ variables', {
        example: 'redis://localhost:6379',
        secret: true,
      }),
    ),
  REDIS_CLUSTER_NODES: list(readNode, { orNone: false })
    .optional()
    .register(
      about,
      redis('Some servers of a Redis Cluster, comma-separated, in place of one Redis', {
        example: '10.0.0.1:6379,10.0.0.2:6379',
      }),
    ),
  REDIS_HOST: text().default('localhost').register(about, redis('Host of Redis 7 or newer')),
  REDIS_PORT: port().default(6379).register(about, redis('Port of Redis')),
  REDIS_PASSWORD: text()
    .optional()
    .register(about, redis('Password of Redis', { example: 'a_password', secret: true })),
  REDIS_TLS: flag().default(false).register(about, redis('Connect over TLS and check the certificate')),
  REDIS_TLS_CA_FILE: text()
    .optional()
    .register(
      about,
      redis("The CA that signed it (PEM), instead of the system's; turns REDIS_TLS on", {
        example: '/etc/florin/redis-ca.crt',
      }),
    ),
}
