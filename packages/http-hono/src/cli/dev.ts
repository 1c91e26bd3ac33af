import { type ServedSandbox, serveSandbox } from '@florin/stripe-sandbox'
import { createLogger } from '../logger.ts'
import { CommandError, exitCodes } from './command-error.ts'
import { type ComposedSandbox, composeSandbox } from './compose-sandbox.ts'
import { readConfig } from './config.ts'
import { needs } from './config-needs.ts'
import { type DevFolder, devFolderIn, openDevFolder } from './dev-folder.ts'
import { welcome } from './dev-welcome.ts'
import { later } from './later.ts'
import { type Listening, listen } from './listen.ts'
import type { GivenFlags, Program } from './program.ts'
import { takenPort } from './sandbox.ts'
import { tlsOf } from './serve.ts'
import { gatherSettings } from './setting-sources.ts'
import { stopSignal } from './stop-signal.ts'
import type { Config } from './variables.ts'

const STOP_MS = 5000

/** Runs sandbox mode until it is told to stop. */
export async function dev(program: Program, flags: GivenFlags): Promise<number> {
  const given = { SERVER_PORT: flags.text('port'), SANDBOX_PORT: flags.text('sandbox-port') }
  const config = readConfig({ ...program, flags: given }, needs.dev)
  if (config.NODE_ENV === 'production') {
    throw new CommandError('takes no real money, so NODE_ENV=production refuses it: use florin serve', {
      exitCode: exitCodes.config,
    })
  }
  const stopped = stopSignal()
  const opened = later<ComposedSandbox>()
  // Whoever asks meanwhile gets the error; without this line Node would end the process before it is told.
  opened.promise.catch(() => undefined)
  let [api, stripe, folder, composed]: Partial<[Listening, ServedSandbox, DevFolder, ComposedSandbox]> = []
  try {
    // First the ports, whose trouble shows at once, then the database, which takes seconds. Requests wait for it.
    api = await listen({
      fetch: async (request, env) => (await opened.promise).fetch(request, env),
      ...{ port: config.SERVER_PORT, host: config.SERVER_HOST ?? '127.0.0.1', tls: tlsOf(config) },
      choosePort: '--port or SERVER_PORT',
    })
    stripe = await serveStripe(config, opened.promise)
    const path = devFolderIn(program.folder)
    folder = flags.isSet('memory') ? undefined : openDevFolder(path, { fresh: flags.isSet('fresh') })
    // Whoever tries things in a loop meets no limit that nobody asked for.
    const { RATE_LIMIT_PER_MINUTE: limit } = gatherSettings(program).settings
    const limited = limit ? config : { ...config, RATE_LIMIT_PER_MINUTE: 0 }
    composed = await composeSandbox(limited, { folder, logger: createLogger({ level: config.LOG_LEVEL }) })
    opened.resolve(composed)
    program.print(await welcome(config, { apiPort: api.port, stripeUrl: stripe.url, isKept: folder !== undefined }))
    await stopped
    return 0
  } catch (error) {
    opened.reject(error)
    throw error
  } finally {
    await api?.close(STOP_MS)
    await stripe?.close()
    await composed?.close()
    folder?.release()
  }
}

function serveStripe({ SANDBOX_PORT: port }: Config, opened: Promise<ComposedSandbox>): Promise<ServedSandbox> {
  const exchange: ComposedSandbox['stripe']['exchange'] = async (request) => (await opened).stripe.exchange(request)
  return serveSandbox({ exchange }, { port }).catch((error: unknown) => {
    throw takenPort(error, port, '--sandbox-port or SANDBOX_PORT')
  })
}
