import { randomBytes } from 'node:crypto'
import { type Role, roles } from '@florin/core'
import { sandboxPrice, sandboxSecrets } from './sandbox-constants.ts'
import { tlsOf } from './serve.ts'
import { signToken } from './sign-token.ts'
import type { Config } from './variables.ts'

const THIRTY_DAYS = 30 * 24 * 60 * 60

const subjects: Readonly<Record<Role, string>> = {
  user: 'user_123',
  support: 'support_1',
  service: 'service_1',
  admin: 'admin_1',
}

/** What `florin dev` says when it is ready: where everything is, a token for each role, and what to try. */
export async function welcome(
  config: Config,
  { apiPort, stripeUrl, isKept }: { readonly apiPort: number; readonly stripeUrl: string; readonly isKept: boolean },
): Promise<string> {
  const secret = config.JWT_SECRET ?? sandboxSecrets.JWT_SECRET
  const sign = (role: Role) =>
    signToken({ sub: subjects[role], roles: [role], timeToLive: THIRTY_DAYS, secret }, config)
  const tokens = await Promise.all(roles.map(async (role) => ({ role, token: await sign(role) })))
  const service = tokens.find(({ role }) => role === 'service')?.token ?? ''
  const api = `${tlsOf(config) ? 'https' : 'http'}://localhost:${apiPort}`
  const post = (path: string, token: string, body: object) =>
    [
      `  curl -X POST ${api}/api/v1/${path} \\`,
      `    -H "Authorization: Bearer ${token}" \\`,
      '    -H "Content-Type: application/json" \\',
      `    -H "Idempotency-Key: try-${randomBytes(4).toString('hex')}" \\`,
      `    -d '${JSON.stringify(body)}'`,
    ].join('\n')
  const payment = {
    ...{ user_id: 'user_123', amount: 1000, currency: 'USD' },
    ...{ description: 'Product purchase', payment_method: 'pm_card_visa' },
  }
  const subscription = { user_id: 'user_123', price_id: sandboxPrice, payment_method: 'pm_card_visa', trial_days: 14 }
  const refund = { transaction_id: 'tx_…', amount: 500, reason: 'requested_by_customer' }
  return [
    '',
    'Florin is ready, as a sandbox: nothing leaves this machine, and no money moves.',
    '',
    `  API     ${api}  (reference: ${api}/docs)`,
    `  Stripe  ${stripeUrl}  (its sandbox, with a clock that you can move)`,
    `  State   ${isKept ? '.florin, for the next start; empty it with --fresh' : 'kept in memory only'}`,
    '',
    'Tokens, valid for 30 days:',
    '',
    ...tokens.map(({ role, token }) => `  ${role.padEnd(8)} ${subjects[role].padEnd(10)} ${token}`),
    '',
    'Make a payment:',
    '',
    post('payments', service, payment),
    '',
    'Then refund a part of it, with the id that it answered, or subscribe:',
    '',
    post('refunds', '<service token>', refund),
    '',
    post('subscriptions', '<service token>', subscription),
    '',
    `Six months later: curl -X POST ${stripeUrl}/_sandbox/clock -d '{"advance":15552000}'`,
    '',
  ].join('\n')
}
