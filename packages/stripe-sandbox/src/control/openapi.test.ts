import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openRig, transports } from '../../test/rig.ts'
import { slices } from '../slices.ts'

const description = z.object({
  openapi: z.literal('3.1.1'),
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        summary: z.string(),
        operationId: z.string(),
        parameters: z.array(z.object({ name: z.string(), in: z.literal('path'), required: z.literal(true) })),
        requestBody: z
          .object({ content: z.object({ 'application/json': z.object({ schema: z.looseObject({}) }) }) })
          .optional(),
        responses: z.looseObject({ 200: z.unknown() }),
      }),
    ),
  ),
})

const open = async (transport: (typeof transports)[number] = 'in-process') => {
  const { raw, sandbox } = await openRig(transport)
  const { paths } = description.parse(await (await raw('/_sandbox/openapi.json')).json())
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, path, method: method.toUpperCase() })),
  )
  return { raw, sandbox, operations, names: operations.map(({ method, path }) => `${method} ${path}`) }
}

describe('the description of the control API', () => {
  test('names every route', async () => {
    const { names } = await open()
    const ofSlices = slices.flatMap(({ controls = [] }) => controls)
    expect(ofSlices.length).toBeGreaterThan(5)
    const written = (path: string) => `/_sandbox${path.replaceAll(/:(\w+)/g, '{$1}')}`
    expect(names).toEqual(expect.arrayContaining(ofSlices.map(({ method, path }) => `${method} ${written(path)}`)))
    expect(names).toEqual(
      expect.arrayContaining([
        'GET /_sandbox/openapi.json',
        'GET /_sandbox/requests',
        'GET /_sandbox/clock',
        'POST /_sandbox/clock',
        'POST /_sandbox/faults',
        'DELETE /_sandbox/faults',
        'POST /_sandbox/webhooks/mode',
        'POST /_sandbox/webhooks/flush',
        'GET /_sandbox/webhooks',
        'POST /_sandbox/webhooks/{event}/redeliver',
        'POST /_sandbox/payment_intents/{id}/authenticate',
        'POST /_sandbox/setup_intents/{id}/authenticate',
        'POST /_sandbox/checkout/sessions/{id}/complete',
        'GET /_sandbox/state',
        'POST /_sandbox/reset',
      ]),
    )
  })

  test.each(transports)(
    'names only routes that exist, each with its ids and a name of its own, %s',
    async (transport) => {
      const { raw, operations } = await open(transport)
      for (const { method, path, parameters } of operations) {
        expect(parameters.map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? [])
        const body = method === 'GET' ? {} : { body: '{"no_such_field":1}' }
        const answer = await raw(path.replaceAll(/\{\w+\}/g, 'xx_none'), { method, ...body })
        expect(await answer.text()).not.toContain('no control')
      }
      expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
      expect((await raw('/_sandbox/nothing', { method: 'POST' })).status).toBe(404)
    },
  )

  test.each([
    { path: '/clock', good: { advance: 60 }, bad: { advance: -1 } },
    { path: '/clock', good: { to: 1_900_000_000 }, bad: { until: 5 } },
    { path: '/faults', good: { kind: 'html', status: 503, times: 2 }, bad: { kind: 'earthquake' } },
    { path: '/faults', good: { kind: 'cut', path: '/v1/refunds' }, bad: { kind: 'cut', times: 0 } },
    { path: '/webhooks/mode', good: { duplicate: 0.5, hold: true }, bad: { duplicate: 2 } },
    { path: '/webhooks/mode', good: {}, bad: { reorder: 1.5 } },
  ])('says what $path accepts: $good, not $bad', async ({ path, good, bad }) => {
    const { raw, operations } = await open()
    const described = operations.find(
      (operation) => operation.method === 'POST' && operation.path === `/_sandbox${path}`,
    )
    const validate = new Ajv2020().compile(described?.requestBody?.content['application/json'].schema ?? false)
    for (const [body, fits] of [
      [good, true],
      [bad, false],
    ] as const) {
      expect(validate(body)).toBe(fits)
      const { status } = await raw(`/_sandbox${path}`, { method: 'POST', body: JSON.stringify(body) })
      expect(status).toBe(fits ? 200 : 400)
    }
  })
})
