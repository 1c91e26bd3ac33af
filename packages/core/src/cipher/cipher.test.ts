import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nodeCipher } from '../node/index.ts'
import type { KeyRing } from './envelope.ts'
import { webCipher } from './web-cipher.ts'

const key = (id: string, fill: number) => ({ id, bytes: new Uint8Array(32).fill(fill) })
const ring: KeyRing = { current: key('k2', 2), retired: [key('k1', 1)] }

const forms = [
  { name: 'the node cipher', open: async (keys: KeyRing) => nodeCipher(keys) },
  { name: 'the web cipher', open: webCipher },
]

describe.each(forms)('$name', ({ open }) => {
  it('opens what it sealed, text and bytes', async () => {
    const cipher = await open(ring)
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (plain) => {
        expect(await cipher.openText(await cipher.sealText(plain, 'a.b.c'), 'a.b.c')).toBe(plain)
        expect(await cipher.openBytes(await cipher.sealBytes(plain, 'a.b.c'), 'a.b.c')).toBe(plain)
      }),
      { numRuns: 100 },
    )
  })

  it('does not open a value that was moved to another row', async () => {
    const cipher = await open(ring)
    const sealed = await cipher.sealText('secret', 'transactions.description.tx_1')
    await expect(async () => cipher.openText(sealed, 'transactions.description.tx_2')).rejects.toMatchObject({
      code: 'invariant_broken',
    })
  })

  it('does not open a value with one bit changed', async () => {
    const cipher = await open(ring)
    const sealed = await cipher.sealBytes('secret', 'p')
    sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1
    await expect(async () => cipher.openBytes(sealed, 'p')).rejects.toMatchObject({ code: 'invariant_broken' })
  })

  it('opens what a retired key sealed, and names the key that is missing', async () => {
    const old = await open({ current: key('k1', 1) })
    const sealed = await old.sealText('from last year', 'p')
    expect(await (await open(ring)).openText(sealed, 'p')).toBe('from last year')
    const without = await open({ current: key('k2', 2) })
    await expect(async () => without.openText(sealed, 'p')).rejects.toThrow(/no key k1/)
  })

  it('never seals the same text to the same value', async () => {
    const cipher = await open(ring)
    expect(await cipher.sealText('x', 'p')).not.toBe(await cipher.sealText('x', 'p'))
  })

  it('refuses a key that has not 32 bytes', async () => {
    await expect(async () => open({ current: { id: 'short', bytes: new Uint8Array(31) } })).rejects.toThrow(/31 bytes/)
  })
})

describe('the two ciphers', () => {
  it('open and digest alike', async () => {
    const [node, web] = [nodeCipher(ring), await webCipher(ring)]
    expect(await web.openText(await node.sealText('over', 'p'), 'p')).toBe('over')
    expect(await node.openBytes(await web.sealBytes('back', 'p'), 'p')).toBe('back')
    expect(await web.digest('same')).toBe(await node.digest('same'))
  })
})
