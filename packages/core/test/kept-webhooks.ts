import { sandboxedFlorin } from './sandboxed-florin.ts'

/** Florin beside a sandbox whose webhooks are kept, to be delivered as a test likes. */
export function keptWebhooks() {
  const kept: { body: string; signature: string | undefined }[] = []
  const one = sandboxedFlorin({
    sandbox: {
      send: async (_, body, headers) => {
        kept.push({ body, signature: headers['Stripe-Signature'] ?? headers['stripe-signature'] })
        return { status: 200 }
      },
    },
  })
  return { ...one, kept }
}
