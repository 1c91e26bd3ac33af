import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nodeCipher } from '../node/index.ts'
import { type KeyRing, keyIdOf } from './envelope.ts'
import { webCipher } from './web-cipher.ts'

const ringKey = (id: string, fill: number) => ({ id, bytes: new Uint8Array(32).fill(fill) })
const ring: KeyRing = { current: ringKey('k2', 2), retired: [ringKey('k1', 1)] }

const forms = [
  { name: 'the node cipher', open: async (keys: KeyRing) => nodeCipher(keys) },
  { name: 'the web cipher', open: webCipher },
]

describe.each(forms)('$name', ({ open }) => {
  const aKey = async () => (await (await open(ring)).makeKey('key_1')).key

  it('opens what it sealed, text and bytes, and tells the key from either', async () => {
    const key = await aKey()
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (plain) => {
        const [text, bytes] = [await key.sealText(plain, 'a.b.c'), await key.sealBytes(plain, 'a.b.c')]
        expect([await key.openText(text, 'a.b.c'), await key.openBytes(bytes, 'a.b.c')]).toEqual([plain, plain])
        expect([keyIdOf(text), keyIdOf(bytes)]).toEqual(['key_1', 'key_1'])
      }),
      { numRuns: 100 },
    )
  })

  it('does not open a value that was moved to another row', async () => {
    const key = await aKey()
    const sealed = await key.sealText('secret', 'transactions.description.tx_1')
    await expect(async () => key.openText(sealed, 'transactions.description.tx_2')).rejects.toMatchObject({
      code: 'invariant_broken',
    })
  })

  it('does not open a value with one bit changed', async () => {
    const key = await aKey()
    const sealed = await key.sealBytes('secret', 'p')
    sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1
    await expect(async () => key.openBytes(sealed, 'p')).rejects.toMatchObject({ code: 'invariant_broken' })
  })

  it('does not open a value that another data key sealed, of the same name', async () => {
    const sealed = await (await aKey()).sealText('secret', 'p')
    await expect(async () => (await aKey()).openText(sealed, 'p')).rejects.toMatchObject({ code: 'invariant_broken' })
  })

  it('never seals the same text to the same value', async () => {
    const key = await aKey()
    expect(await key.sealText('x', 'p')).not.toBe(await key.sealText('x', 'p'))
  })

  it('unwraps a data key with the ring key that wrapped it, retired or not, and names one that is missing', async () => {
    const { key, wrapped } = await (await open({ current: ringKey('k1', 1) })).makeKey('key_1')
    const sealed = await key.sealText('from last year', 'p')
    expect(await (await (await open(ring)).openKey('key_1', wrapped)).openText(sealed, 'p')).toBe('from last year')
    const without = await open({ current: ringKey('k2', 2) })
    await expect(async () => without.openKey('key_1', wrapped)).rejects.toThrow(/no key k1/)
  })

  it('goes by the current key where a retired one has its id', async () => {
    const both = { current: ringKey('k1', 1), retired: [ringKey('k1', 2)] }
    const { key, wrapped } = await (await open(both)).makeKey('key_1')
    const sealed = await key.sealText('secret', 'p')
    const alone = await open({ current: ringKey('k1', 1) })
    expect(await (await alone.openKey('key_1', wrapped)).openText(sealed, 'p')).toBe('secret')
  })

  it('does not unwrap a data key that was moved to another row', async () => {
    const cipher = await open(ring)
    const { wrapped } = await cipher.makeKey('key_1')
    await expect(async () => cipher.openKey('key_2', wrapped)).rejects.toThrow(
      /does not open at data_keys.wrapped.key_2/,
    )
  })

  it('wraps a data key again, so that the new ring key alone unwraps it and the old one does not', async () => {
    const { key, wrapped } = await (await open({ current: ringKey('k1', 1) })).makeKey('key_1')
    const sealed = await key.sealText('kept', 'p')
    const again = await (await open(ring)).wrapAgain('key_1', wrapped)
    const [onlyNew, onlyOld] = [await open({ current: ringKey('k2', 2) }), await open({ current: ringKey('k1', 1) })]
    expect(await (await onlyNew.openKey('key_1', again)).openText(sealed, 'p')).toBe('kept')
    await expect(async () => onlyOld.openKey('key_1', again)).rejects.toThrow(/no key k2/)
  })

  it('refuses a ring key that has not 32 bytes', async () => {
    await expect(async () => open({ current: { id: 'short', bytes: new Uint8Array(31) } })).rejects.toThrow(/31 bytes/)
  })
})

describe('the two ciphers', () => {
  it('open each other’s keys and values, and digest alike', async () => {
    const [node, web] = [nodeCipher(ring), await webCipher(ring)]
    const [fromNode, fromWeb] = [await node.makeKey('key_1'), await web.makeKey('key_2')]
    const [text, bytes] = [await fromNode.key.sealText('over', 'p'), await fromWeb.key.sealBytes('back', 'p')]
    expect(await (await web.openKey('key_1', fromNode.wrapped)).openText(text, 'p')).toBe('over')
    expect(await (await node.openKey('key_2', fromWeb.wrapped)).openBytes(bytes, 'p')).toBe('back')
    expect(await web.digest('same')).toBe(await node.digest('same'))
  })
})
