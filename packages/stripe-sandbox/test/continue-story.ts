// Started by determinism.test.ts as a process of its own: goes on from a snapshot and prints what happened.
import { text } from 'node:stream/consumers'
import Stripe from 'stripe'
import { createStripeSandbox } from '../src/index.ts'
import { endStory, logOf } from './story.ts'

const { snapshot, cast } = JSON.parse(await text(process.stdin))
const sandbox = createStripeSandbox({ restore: snapshot, send: async () => ({ status: 200 }) })
const httpClient = Stripe.createFetchHttpClient(sandbox.fetch)
await endStory(new Stripe('sk_test_x', { httpClient, telemetry: false, maxNetworkRetries: 0 }), sandbox, cast)
process.stdout.write(logOf(sandbox))
