import { setTimeout } from 'node:timers/promises'
import { createLogger, gatheredOutput, type Logger } from '../logger.ts'
import { composeServer } from './compose.ts'
import { readConfig } from './config.ts'
import { needs } from './config-needs.ts'
import { publicSecrets } from './config-rules.ts'
import { type Listening, listen } from './listen.ts'
import type { GivenFlags, Program } from './program.ts'
import { gatherSettings } from './setting-sources.ts'
import { stopSignal } from './stop-signal.ts'
import type { Config } from './variables.ts'

/** How long stopping may take after the signal, before supervisors lose their patience (30 s). */
const STOP_MS = 25_000

/** How much of it still takes requests, where `SHUTDOWN_DELAY` does not say. */
export const DELAY_MS = 5000

/** Runs the server until it is told to stop. */
export async function serve(program: Program, flags: GivenFlags): Promise<number> {
  const config = readConfig({ ...program, flags: { SERVER_PORT: flags.text('port') } }, needs.serve)
  const logger = createLogger({ level: config.LOG_LEVEL, destination: gatheredOutput() })
  for (const { name, message } of publicSecrets(gatherSettings(program).settings)) {
    logger.warn({ setting: name }, `${name} ${message}`)
  }
  // Node ends the process after this; the line is for those who only see the log.
  process.on('uncaughtExceptionMonitor', (error) => logger.error({ err: error }, 'an error that nobody handled'))
  const stopped = stopSignal()
  const server = await composeServer(config, logger)
  let listening: Listening
  try {
    listening = await listen({
      ...{ fetch: server.fetch, port: config.SERVER_PORT, host: config.SERVER_HOST, tls: tlsOf(config) },
      ...{ choosePort: '--port or SERVER_PORT', replaceGlobals: true, logger },
    })
  } catch (error) {
    await server.close()
    throw error
  }
  logger.info({ port: listening.port, host: config.SERVER_HOST, tls: tlsOf(config) !== undefined }, 'listening')
  server.start()
  const reason = await Promise.race([stopped, server.refused])
  const deadline = performance.now() + STOP_MS
  if (typeof reason === 'string') logger.info({ signal: reason }, 'stopping')
  else logger.error({ err: reason }, 'stopping: the secret key is of another account')
  server.stopping()
  listening.drain()
  // Load balancers need a moment to learn that nothing more should be sent here. A person at a terminal does not.
  if (reason === 'SIGTERM') await setTimeout(config.SHUTDOWN_DELAY ?? DELAY_MS)
  const code = await finish(listening, server, deadline, logger)
  return typeof reason === 'string' ? code : reason.exitCode
}

async function finish(
  listening: Listening,
  server: { close(): Promise<void> },
  deadline: number,
  logger: Logger,
): Promise<number> {
  const left = () => Math.max(1000, deadline - performance.now())
  const answered = await listening.close(left())
  if (!answered) logger.warn({}, 'requests were cut off: they did not finish in time')
  const worked = await Promise.race([server.close().then(() => true), setTimeout(left(), false, { ref: false })])
  if (!worked) logger.warn({}, 'background work was cut off: it did not end in time, and is taken up again by others')
  logger.info({}, 'stopped')
  return answered && worked ? 0 : 1
}

/** The certificate, where the server speaks TLS itself. */
export function tlsOf({ TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile }: Config) {
  return certFile !== undefined && keyFile !== undefined ? { certFile, keyFile } : undefined
}
