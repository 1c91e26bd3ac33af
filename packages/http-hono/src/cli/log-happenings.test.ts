import type { Happening } from '@florin/core'
import { expect, test } from 'vitest'
import { loggingObserver } from './log-happenings.ts'

/** What is logged of a happening: the level, the message and the fields. */
function logged(happening: Happening) {
  const lines: { level: string; message: string; fields: object }[] = []
  const at = (level: string) => (fields: object, message: string) => void lines.push({ level, message, fields })
  loggingObserver({ debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }).tell(happening)
  return lines
}

test.each(['payment.duplicate_detected', 'payment.duplicate_refunded'])(
  '%s is a warning that is found by its name',
  (type) => {
    expect(logged({ what: 'fact', type, objectId: 'tx_2', currency: 'USD' })).toEqual([
      { level: 'warn', message: type, fields: { type, object_id: 'tx_2', currency: 'USD' } },
    ])
  },
)

test('other facts are for debugging', () => {
  expect(logged({ what: 'fact', type: 'payment.succeeded', objectId: 'tx_1' })).toEqual([
    { level: 'debug', message: 'fact', fields: { type: 'payment.succeeded', object_id: 'tx_1' } },
  ])
})
