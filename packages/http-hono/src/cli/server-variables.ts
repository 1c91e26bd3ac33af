import { choice, duration, integer, list, port, readAddressRange, readOrigin, text } from './value-types.ts'
import { about, server } from './variable-groups.ts'

/** How the server is reached, and by whom. */
export const serverVariables = {
  NODE_ENV: text()
    .default('development')
    .register(about, server('`production` refuses what is only fit for trying out')),
  SERVER_PORT: port().default(9097).register(about, server('Port of the HTTP server')),
  SERVER_HOST: text()
    .optional()
    .register(
      about,
      server('Address to listen on; otherwise all (serve) or this machine (dev)', { example: '0.0.0.0' }),
    ),
  LOG_LEVEL: choice('debug', 'info', 'warn', 'error', 'silent')
    .default('info')
    .register(about, server('debug, info, warn, error or silent')),
  RATE_LIMIT_PER_MINUTE: integer({ from: 0, to: 1_000_000 })
    .default(100)
    .register(
      about,
      server('Requests that one client may make in a minute; 0 turns it off, as dev does where it is not set'),
    ),
  CORS_ORIGINS: list(readOrigin)
    .default([])
    .register(
      about,
      server('Origins whose pages may call the API from a browser, comma-separated', {
        example: 'https://shop.example',
      }),
    ),
  IP_ALLOWLIST: list(readAddressRange)
    .default([])
    .register(
      about,
      server('Addresses and ranges that may call the API, comma-separated', { example: '203.0.113.7,10.0.0.0/8' }),
    ),
  TRUST_PROXY: integer({ from: 0, to: 16 })
    .default(0)
    .register(about, server('How many proxies stand before this server and write X-Forwarded-For')),
  TLS_CERT_FILE: text()
    .optional()
    .register(
      about,
      server(
        'Certificate chain (PEM); with TLS_KEY_FILE the server speaks TLS 1.3, and reads both again when they change',
        {
          example: '/etc/florin/tls.crt',
        },
      ),
    ),
  TLS_KEY_FILE: text()
    .optional()
    .register(about, server('Private key of the certificate (PEM)', { example: '/etc/florin/tls.key' })),
  METRICS_TOKEN: text()
    .optional()
    .register(
      about,
      server('When set, /metrics asks for it as a bearer token', { example: 'long_and_random', secret: true }),
    ),
  SHUTDOWN_DELAY: duration({ to: '20s', orNone: true })
    .optional()
    .register(
      about,
      server('How long SIGTERM lets requests come while /health/ready says no, for load balancers; 0 for none', {
        default: '5s',
      }),
    ),
  CONFIG_FILE: text().default('config.yaml').register(about, server('Where further settings are read from')),
}
