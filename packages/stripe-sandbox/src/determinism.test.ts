import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { clientOf, openRig, openSandbox, payWith } from '../test/rig.ts'
import { beginStory, endStory, logOf } from '../test/story.ts'
import type { SandboxOptions } from './index.ts'

const send = async () => ({ status: 200 })
const webhookEndpoints = [
  { url: 'http://127.0.0.1:9/hooks' },
  { url: 'http://127.0.0.1:9/old', api_version: '2024-06-20' },
]
const open = (options: SandboxOptions = {}) => openSandbox({ seed: 'story', send, webhookEndpoints, ...options })

/** Where two logs part, in a few words: a whole log is too long to be read. */
const difference = (one: string, other: string): string | undefined => {
  if (one === other) return undefined
  const at = [...one].findIndex((letter, index) => letter !== other[index])
  return `${one.slice(Math.max(0, at - 80), at + 80)} … ${other.slice(at, at + 80)}`
}

const goOnInANewProcess = async (input: object): Promise<string> => {
  const script = fileURLToPath(new URL('../test/continue-story.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=@florin/source', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(input))
  return text(child.stdout)
}

describe('the same seed and the same calls', () => {
  test('give the same log of events and deliveries, byte for byte', async () => {
    const tell = async (seed: string) => {
      const sandbox = open({ seed })
      await endStory(clientOf(sandbox), sandbox, await beginStory(clientOf(sandbox), sandbox))
      return logOf(sandbox)
    }
    const first = await tell('one')
    expect(difference(await tell('one'), first)).toBeUndefined()
    expect(difference(await tell('two'), first)).toBeDefined()
    const types = new Set(JSON.parse(first).events.map(({ type }: { type: string }) => type))
    expect([...types]).toEqual(
      expect.arrayContaining([
        'customer.subscription.trial_will_end',
        'invoice.paid',
        'charge.dispute.created',
        'refund.created',
        'invoice.payment_failed',
        'payment_intent.requires_action',
      ]),
    )
    const statuses = new Set(JSON.parse(first).deliveries.map(({ status }: { status: string }) => status))
    expect([...statuses].sort()).toEqual(['dropped', 'held', 'succeeded', 'waiting'])
  })

  test('give it also when a new process goes on from a snapshot in between', async () => {
    const whole = open()
    const cast = await beginStory(clientOf(whole), whole)
    const snapshot = whole.state.snapshot()
    await endStory(clientOf(whole), whole, cast)
    expect(difference(await goOnInANewProcess({ snapshot, cast }), logOf(whole))).toBeUndefined()
    whole.state.restore(snapshot)
    await endStory(clientOf(whole), whole, cast)
    expect(difference(await goOnInANewProcess({ snapshot, cast }), logOf(whole))).toBeUndefined()
  })
})

describe('a snapshot', () => {
  test('holds faults and the webhook mode, which a mode given beside it overrules', async () => {
    const { sandbox, stripe } = await openRig('in-process', { webhookMode: { hold: true } })
    sandbox.faults.inject({ kind: 'fail_before', times: 3 })
    await expect(stripe.customers.list()).rejects.toMatchObject({ statusCode: 500 })
    const restore = sandbox.state.snapshot()
    const restored = openSandbox({ restore })
    expect(restored.faults.list()).toMatchObject([{ kind: 'fail_before', remaining: 2 }])
    expect(restored.webhooks.mode()).toMatchObject({ hold: true })
    expect(openSandbox({ restore, webhookMode: { hold: false } }).webhooks.mode()).toMatchObject({ hold: false })
    sandbox.state.reset()
    expect(sandbox.faults.list()).toEqual([])
    sandbox.state.restore(restore)
    expect(sandbox.faults.list()).toHaveLength(1)
  })

  test('is a copy: what happens later does not change it', async () => {
    const { sandbox, stripe } = await openRig('in-process')
    const snapshot = sandbox.state.snapshot()
    const before = JSON.stringify(snapshot)
    await payWith(stripe)
    await sandbox.clock.advance(60)
    expect(JSON.stringify(snapshot)).toBe(before)
    expect(JSON.stringify(sandbox.state.snapshot())).not.toBe(before)
  })

  test('taken while a webhook is on its way: the restored sandbox sends it again, before the others', async () => {
    const stuck = openSandbox({ webhookEndpoints, deliveryTimeout: 60_000, send: () => new Promise(() => undefined) })
    const customer = await clientOf(stuck).customers.create()
    await clientOf(stuck).customers.update(customer.id, { name: 'Ada' })
    await new Promise((resolve) => setImmediate(resolve))
    const sent: string[] = []
    const restored = openSandbox({
      restore: JSON.parse(JSON.stringify(stuck.state.snapshot())),
      send: async (url, body) => {
        sent.push(`${JSON.parse(body).type} ${new URL(url).pathname}`)
        return { status: 200 }
      },
    })
    await restored.webhooks.settled()
    expect(sent).toEqual([
      'customer.created /hooks',
      'customer.created /old',
      'customer.updated /hooks',
      'customer.updated /old',
    ])
  })
})

test('an answer to a webhook from before a reset says nothing about the one that has its id now', async () => {
  const pending: ((answer: { status: number }) => void)[] = []
  const sandbox = openSandbox({ webhookEndpoints, send: () => new Promise((resolve) => pending.push(resolve)) })
  const oneMoment = () => new Promise((resolve) => setImmediate(resolve))
  await clientOf(sandbox).customers.create()
  await oneMoment()
  const [before] = sandbox.webhooks.deliveries()
  sandbox.state.reset()
  sandbox.webhooks.setMode({ hold: true })
  await clientOf(sandbox).customers.create()
  expect(sandbox.webhooks.deliveries()[0]?.id).toBe(before?.id)
  pending[0]?.({ status: 200 })
  await sandbox.webhooks.settled()
  expect(sandbox.webhooks.deliveries()).toMatchObject([{ status: 'held' }, { status: 'held' }])
})
