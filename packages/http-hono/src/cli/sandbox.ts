import { randomUUID } from 'node:crypto'
import { createStripeSandbox, serveSandbox } from '@florin/stripe-sandbox'
import { CommandError, hasCode, usageError } from './command-error.ts'
import { readConfig } from './config.ts'
import { needs } from './config-needs.ts'
import type { GivenFlags, Program } from './program.ts'
import { sandboxSecrets } from './sandbox-constants.ts'
import { stopSignal } from './stop-signal.ts'

/** Runs Stripe's sandbox until it is told to stop. Keeps nothing. */
export async function sandbox(program: Program, flags: GivenFlags): Promise<number> {
  const config = readConfig({ ...program, flags: { SANDBOX_PORT: flags.text('port') } }, needs.sandbox)
  const stopped = stopSignal()
  const url = flags.text('forward-to')
  if (url !== undefined) checkTarget(url)
  const secret = config.STRIPE_WEBHOOK_SECRET?.[0] ?? sandboxSecrets.STRIPE_WEBHOOK_SECRET
  // Different ids at each start, or a database that outlives this process would meet them twice.
  const seed = flags.text('seed') ?? randomUUID()
  const stripe = createStripeSandbox({
    ...{ seed, now: Math.floor(Date.now() / 1000), ticking: true },
    ...(url !== undefined && { webhookEndpoints: [{ url, secret }] }),
  })
  const served = await serveSandbox(stripe, { port: config.SANDBOX_PORT }).catch((error: unknown) => {
    throw takenPort(error, config.SANDBOX_PORT, '--port or SANDBOX_PORT')
  })
  program.print(`Stripe's sandbox listens on ${served.url}`)
  program.print(`  STRIPE_API_BASE=${served.url}`)
  program.print('  STRIPE_SECRET_KEY=any that begins with sk_test_')
  if (url !== undefined)
    program.print(
      `  webhooks go to ${url}, signed with ${config.STRIPE_WEBHOOK_SECRET ? 'STRIPE_WEBHOOK_SECRET' : secret}`,
    )
  await stopped
  stripe.close()
  await served.close()
  return 0
}

function checkTarget(url: string): void {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return
  throw usageError('--forward-to must be a URL such as http://localhost:9097/api/v1/webhooks/stripe')
}

/** Says which flag chooses another port. */
export function takenPort(error: unknown, port: number, choosePort: string): unknown {
  if (!hasCode(error, 'EADDRINUSE')) return error
  return new CommandError(`port ${port} is taken: choose another one with ${choosePort}`, { cause: error })
}
