import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { serveSandbox } from '../src/index.ts'
import { openRig, payWith } from './rig.ts'

const executablePath = '/usr/bin/chromium'
const args = [
  ...['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking', '--no-first-run'],
  ...['--disable-component-update', '--disable-sync'],
]
const obstacle = process.env.CI ? 'not in CI' : existsSync(executablePath) ? undefined : `no ${executablePath} here`
const title = `the page in a browser${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`

describe.skipIf(obstacle !== undefined)(title, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args })
  }, 30_000)
  afterAll(() => browser.close())

  /** A served sandbox with the page open. Whatever the browser complains about fails the test. */
  const open = async (options: BrowserContextOptions = {}) => {
    const rig = await openRig('in-process')
    const { url, close } = await serveSandbox(rig.sandbox, { port: 0 })
    const context = await browser.newContext({ reducedMotion: 'reduce', ...options })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(url)
    if (options.javaScriptEnabled !== false) await page.getByText('live', { exact: true }).waitFor()
    onTestFinished(async () => {
      await context.close()
      await close()
      expect(complaints).toEqual([])
    })
    return { ...rig, page, url }
  }
  const text = (page: Page, selector: string) => page.locator(selector).innerText()

  test('a button moves the clock, and what fell due is there at once', async () => {
    const { page, stripe } = await open()
    await payWith(stripe, 'pm_card_createDispute')
    await page.getByText('Charge is disputed').waitFor()
    await page.getByRole('button', { name: '+1 day' }).click()
    await page.getByText('Mon, 2 Nov 2026').waitFor()
    await page.locator('#payments').getByText('disputed', { exact: true }).waitFor()
    expect(await text(page, '#note')).toContain('It is 2 Nov 2026 now')
    await page.locator('#move-to summary').click()
    await page.getByLabel('Moment, in UTC').fill('2026-12-24T18:00')
    await page.getByRole('button', { name: 'Move', exact: true }).click()
    await page.getByText('Thu, 24 Dec 2026').waitFor()
    expect(await text(page, '#now')).toContain('18:00:00')
  })

  test('a customer’s 3-D Secure is completed by a button, while the program waits for its webhook', async () => {
    const { page, stripe, received } = await open()
    const intent = await payWith(stripe, 'pm_card_threeDSecure2Required')
    // Nobody has reloaded the page: it says so by itself.
    const waiting = page.locator(`#row-waiting-${intent.id}`)
    await waiting.getByText('3-D Secure for $20.00').waitFor()
    await waiting.getByRole('button', { name: 'Complete 3-D Secure' }).click()
    await page.locator(`#row-${intent.id}`).getByText('succeeded', { exact: true }).waitFor()
    await waiting.waitFor({ state: 'detached' })
    expect(await stripe.paymentIntents.retrieve(intent.id)).toMatchObject({ status: 'succeeded' })
    await expect.poll(() => received.map(({ type }) => type)).toContain('payment_intent.succeeded')
  })

  test('an event is listed with the answer of its endpoint, and delivered again by a button', async () => {
    const { page, stripe, received, endpoint } = await open()
    endpoint.status = 500
    await stripe.customers.create({ name: 'Ada' })
    const event = page.locator('#events .row').filter({ hasText: 'customer.created' })
    await event.getByText('500').waitFor()
    endpoint.status = 200
    await event.getByRole('button', { name: 'Deliver again' }).click()
    await event.getByText('200').waitFor()
    expect(received).toHaveLength(2)
    await event.getByRole('link').first().click()
    expect(await text(page, 'pre')).toContain('"name": "Ada"')
  })

  test('what is open, typed and focused stays so while the page changes around it', async () => {
    const { page, stripe } = await open()
    const paid = await payWith(stripe)
    await page.locator(`#refund-${paid.id} summary`).click()
    await page.locator(`#refund-${paid.id} input[name=amount]`).fill('700')
    await stripe.customers.create({ name: 'Somebody new' })
    await page.locator('#customers').getByText('Somebody new').waitFor()
    await page.keyboard.press('Enter')
    await page.getByText('partly refunded').waitFor()
    const [refund] = (await stripe.refunds.list()).data
    expect(refund).toMatchObject({ amount: 700 })
  })

  test('chaos and faults are switched by the keyboard alone', async () => {
    const { page, sandbox } = await open()
    await page.getByLabel('Hold everything back').focus()
    await page.keyboard.press('Space')
    await page.keyboard.press('Enter')
    await page.locator('header').getByText('disturbed').waitFor()
    expect(sandbox.webhooks.mode()).toMatchObject({ hold: true })
    await page.getByLabel('What goes wrong').focus()
    await page.keyboard.type('429 rate')
    await page.getByRole('button', { name: 'Inject' }).press('Enter')
    await page.locator('#disturbances .row').getByText('rate limit').waitFor()
    expect(sandbox.faults.list()).toMatchObject([{ kind: 'rate_limit', remaining: 1 }])
    await page.getByRole('button', { name: 'Back to calm' }).press('Space')
    await page.getByRole('button', { name: 'Take them back' }).press('Space')
    await page.locator('header').getByText('disturbed').waitFor({ state: 'detached' })
    // The pressed button is gone, the focus is not.
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('disturbances-title')
  })

  test('works without its script', async () => {
    const { page } = await open({ javaScriptEnabled: false })
    await page.getByRole('button', { name: '+7 days' }).click()
    expect(await text(page, '#now')).toContain('8 Nov 2026')
    expect(await text(page, '#note')).toContain('It is 8 Nov 2026 now')
  })

  test.each([
    { width: 375, colorScheme: 'light' },
    { width: 375, colorScheme: 'dark' },
    { width: 1360, colorScheme: 'light' },
    { width: 1360, colorScheme: 'dark' },
  ] as const)(
    'fits $width pixels in $colorScheme colours, every text readable and every field named',
    async ({ width, colorScheme }) => {
      const { page, stripe, sandbox } = await open({ viewport: { width, height: 800 }, colorScheme })
      await fill(stripe, sandbox)
      await page.reload()
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
      expect(await page.evaluate(faintTexts)).toEqual([])
      expect(await page.evaluate(namelessFields)).toEqual([])
    },
  )
})

/** Some of everything that the page can show. */
async function fill(
  stripe: Awaited<ReturnType<typeof openRig>>['stripe'],
  sandbox: Awaited<ReturnType<typeof openRig>>['sandbox'],
) {
  const customer = await stripe.customers.create({ name: 'A customer with a rather long name, as some people have' })
  const card = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id })
  const sold = { customer: customer.id, items: [{ price: 'price_1234567890' }], default_payment_method: card.id }
  await stripe.subscriptions.create({ ...sold, trial_period_days: 7 })
  await stripe.subscriptions.create(sold)
  for (const method of ['pm_card_threeDSecure2Required', 'pm_card_visa', 'pm_card_createDispute'])
    await payWith(stripe, method)
  await payWith(stripe, 'pm_card_chargeDeclined').catch(() => undefined)
  await sandbox.clock.advance(40 * 86_400)
  sandbox.faults.inject({ kind: 'fail_before', path: '/v1/refunds', times: 2 })
  await stripe.refunds.list().catch(() => undefined)
  sandbox.webhooks.setMode({ hold: true })
  await stripe.customers.update(customer.id, { phone: '1' })
  await sandbox.webhooks.settled()
}

/** Runs in the browser: texts whose contrast with what lies behind them is below 4.5 to 1. */
function faintTexts(): string[] {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  if (canvas === null) throw new Error('no canvas')
  const rgba = (color: string): [number, number, number, number] => {
    canvas.clearRect(0, 0, 1, 1)
    canvas.fillStyle = color
    canvas.fillRect(0, 0, 1, 1)
    const [red = 0, green = 0, blue = 0, alpha = 0] = canvas.getImageData(0, 0, 1, 1).data
    return [red, green, blue, alpha]
  }
  const luminance = (color: string): number => {
    const [red = 0, green = 0, blue = 0] = rgba(color)
      .slice(0, 3)
      .map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const behind = (element: Element | null): string => {
    if (element === null) return 'white'
    const { backgroundColor } = getComputedStyle(element)
    return rgba(backgroundColor)[3] === 255 ? backgroundColor : behind(element.parentElement)
  }
  return [...document.querySelectorAll('body *')]
    .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.nodeValue?.trim()))
    .filter((element) => element.getClientRects().length > 0 && element.namespaceURI?.endsWith('xhtml'))
    .flatMap((element) => {
      const [one, two] = [luminance(getComputedStyle(element).color), luminance(behind(element))]
      const contrast = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05)
      return contrast >= 4.5 ? [] : [`${element.textContent?.trim().slice(0, 30)}: ${contrast.toFixed(2)}`]
    })
}

/** Runs in the browser: buttons, fields and pictures that a screen reader could not name. */
function namelessFields(): string[] {
  return [...document.querySelectorAll('button, input:not([type=hidden]), select, svg[role=img], a')]
    .filter((element) => {
      const named = element instanceof HTMLInputElement || element instanceof HTMLSelectElement
      const label = named ? element.labels?.[0]?.textContent : element.matches('svg') ? '' : element.textContent
      return !(element.getAttribute('aria-label') ?? label)?.trim()
    })
    .map((element) => element.outerHTML)
}
