import { isSpanContextValid, trace } from '@opentelemetry/api'
import { afterEach, expect, test } from 'vitest'
import { openTracing } from '../src/cli/open-tracing.ts'

afterEach(() => trace.disable())

test('makes no spans where nobody started an SDK that would take them', async () => {
  expect(await openTracing()).toBeUndefined()
})

test('makes spans for an SDK that was started before', async () => {
  const spanContext = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 0 }
  expect(isSpanContextValid(spanContext)).toBe(true)
  const tracer = trace.getTracer('the noop one, until a provider comes')
  trace.setGlobalTracerProvider({
    getTracer: () => ({
      startSpan: () => trace.wrapSpanContext(spanContext),
      startActiveSpan: tracer.startActiveSpan.bind(tracer),
    }),
  })
  expect(await openTracing()).toMatchObject({ middleware: expect.any(Function) })
})
