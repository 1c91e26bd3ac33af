import { createHmac } from 'node:crypto'

/** The `Stripe-Signature` header: one v1 per active secret, and the v0 that Stripe adds in test mode and nobody checks. */
export function signWebhook(body: string, secrets: readonly string[], timestamp: number): string {
  const signed = secrets.map((secret) => createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex'))
  const decoy = createHmac('sha256', 'v0').update(`${timestamp}.${body}`).digest('hex')
  return [`t=${timestamp}`, ...signed.map((code) => `v1=${code}`), `v0=${decoy}`].join(',')
}
