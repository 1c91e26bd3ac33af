import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { freePort } from '../../../test/services/port.ts'
import { curlsIn, startFlorin, temporaryFolder } from './cli-process.ts'

const executablePath = '/usr/bin/chromium'
const args = [
  ...['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking', '--no-first-run'],
  ...['--disable-component-update', '--disable-sync'],
]
const obstacle = process.env.CI ? 'not in CI' : existsSync(executablePath) ? undefined : `no ${executablePath} here`
const title = `florin dev with a browser${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`

const answer = z.looseObject({ id: z.string(), status: z.string() })

describe.skipIf(obstacle !== undefined)(title, () => {
  test('a payment that needs 3-D Secure is completed on the sandbox’s page, and succeeds in Florin', {
    timeout: 60_000,
  }, async () => {
    const [port, sandboxPort] = [await freePort(), await freePort()]
    const florin = startFlorin(['dev', '--memory', '--port', `${port}`, '--sandbox-port', `${sandboxPort}`], {
      folder: temporaryFolder(),
    })
    await florin.says(/Six months later/)
    const [pay] = curlsIn(florin.output())
    const request = async (path: string, body?: object) => {
      const init = body ? { method: 'POST', body: JSON.stringify(body) } : {}
      const headers = { ...pay?.headers, 'Idempotency-Key': `page-${Math.random()}` }
      const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, { ...init, headers })
      return answer.parse(await response.json())
    }
    const order = { user_id: 'user_123', amount: 2000, currency: 'USD', return_url: 'https://shop.example/back' }
    const plan = { user_id: 'user_123', price_id: 'price_1234567890', payment_method: 'pm_card_visa', trial_days: 14 }
    await request('/payments', { ...order, amount: 4900, payment_method: 'pm_card_visa', description: 'A lamp' })
    await request('/subscriptions', plan)
    const secure = await request('/payments', { ...order, payment_method: 'pm_card_threeDSecure2Required' })
    expect(secure.status).toBe('requires_action')

    const browser = await chromium.launch({ executablePath, args })
    onTestFinished(() => browser.close())
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' })
    await page.goto(`http://127.0.0.1:${sandboxPort}/`)
    const waiting = page.locator('[id^="row-waiting-"]')
    const button = waiting.getByRole('button', { name: 'Complete 3-D Secure' })
    await button.waitFor()
    // For docs: SCREENSHOT=1 vitest run packages/http-hono/test/dev-page.test.ts
    const path = join(import.meta.dirname, '../../../docs/images/sandbox-page.png')
    if (process.env.SCREENSHOT) await page.screenshot({ path })
    await button.click()
    await waiting.waitFor({ state: 'detached' })
    await expect
      .poll(async () => (await request(`/payments/${secure.id}`)).status, { timeout: 10_000 })
      .toBe('succeeded')
    const delivery = page.locator('#events .row').filter({ hasText: 'payment_intent.succeeded' }).first()
    await delivery.getByText('200').waitFor()
  })
})
