import { createFlorin, type Florin, type Storage, webCipher } from '@florin/core'
import { stripeClient, stripeGateway } from '@florin/core/stripe'

/** What the platform keeps apart from the code. */
export interface Secrets {
  readonly stripeSecretKey: string
  readonly webhookSecret: string
  /** 32 random bytes in base64 (`openssl rand -base64 32`). */
  readonly encryptionKey: string
}

/** Florin where there is no Node: in a worker, Bun or Deno. */
export async function openFlorin(storage: Storage, secrets: Secrets): Promise<Florin> {
  const bytes = Uint8Array.from(atob(secrets.encryptionKey), (character) => character.charCodeAt(0))
  return createFlorin({
    storage,
    gateway: stripeGateway({
      // Calls Stripe by the platform's own `fetch`.
      stripe: stripeClient({ secretKey: secrets.stripeSecretKey }),
      webhookSecrets: [secrets.webhookSecret],
    }),
    // WebCrypto reads keys in its own time, so this one is awaited.
    cipher: await webCipher({ current: { id: '2026', bytes } }),
    settings: { requireIdempotencyKey: true },
  })
}
