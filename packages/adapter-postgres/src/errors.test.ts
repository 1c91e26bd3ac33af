import { UnavailableError } from '@florin/core'
import { expect, test } from 'vitest'
import { judge } from './errors.ts'

const serverError = (code: string) =>
  Object.assign(new Error('a "secret" value'), { code, severity: 'ERROR', constraint: 'some_key' })

test.each(['23505', '40001', '40P01', 'FL001'])('takes SQLSTATE %s for a conflict', (code) => {
  expect(judge(serverError(code))).toBe('conflict')
})

test.each(['57P01', '57P02', '57P03', '08006', '08P01', '40003'])('takes SQLSTATE %s for a lost answer', (code) => {
  expect(judge(serverError(code))).toBe('lost')
})

test.each(['ECONNRESET', 'EPIPE', '23505'])(
  'takes an error %s that Postgres did not tell for a lost answer',
  (code) => {
    expect(judge(Object.assign(new Error('of the driver'), { code }))).toBe('lost')
  },
)

test.each(['53300', '53100', '57014', '55P03', '25006', '25P03', '58030'])(
  'knows that nothing was applied after SQLSTATE %s',
  (code) => {
    expect(judge(serverError(code))).toMatchObject({ kind: 'unavailable', outcome: 'not_applied' })
  },
)

test.each([
  { code: '23503', says: 'some_key' },
  { code: '23514', says: 'some_key' },
  { code: 'P0001', says: 'P0001' },
  { code: '42P01', says: 'migrate' },
  { code: '26000', says: 'preparedStatements: false' },
])('takes SQLSTATE $code for a defect, and says $says but no value', ({ code, says }) => {
  const verdict = judge(serverError(code))
  expect(verdict).toMatchObject({ kind: 'defect', message: expect.stringContaining(says) })
  expect(verdict).toMatchObject({ message: expect.not.stringContaining('secret') })
})

test('leaves an error of Florin as it is', () => {
  const error = new UnavailableError('storage_unavailable', 'no connection', 'not_applied')
  expect(judge(error)).toBe(error)
})
