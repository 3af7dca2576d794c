import { t } from 'tap'
import { AppError, ERRORS, isAppError } from '../src/errors.js'
import { systemClock, toTimestamp } from '../src/clock.js'

t.test('an error carries its code, status, cause and what the answer needs', async t => {
  const cause = new Error('driver')
  const error = new AppError('INS_STORE_UNAVAILABLE', 'The store is away.', { cause, retryAfterSeconds: 5 })
  t.match(error, { name: 'AppError', statusCode: 503, retryable: true, retryAfterSeconds: 5, faults: [] })
  t.equal(error.cause, cause)
  t.notOk('cause' in new AppError('INS_INTERNAL', 'x'), 'no cause is no property')
})

t.test('an error that belongs to no request counts as 500', async t => {
  t.equal(new AppError('INS_CONFIG_INVALID', 'x').statusCode, 500)
  t.equal(new AppError('INS_CONFIG_INVALID', 'x').retryable, false)
})

t.test('our errors are told from others, by code if wanted', async t => {
  const error = new AppError('INS_INSIGHT_CHANGED', 'x')
  t.ok(isAppError(error))
  t.ok(isAppError(error, 'INS_INSIGHT_CHANGED'))
  t.notOk(isAppError(error, 'INS_INTERNAL'))
  t.notOk(isAppError(new Error('x')))
  t.notOk(isAppError({ name: 'AppError' }))
})

t.test('codes name their area and cause, and statuses are client or server errors', async t => {
  for (const [code, { status, title }] of Object.entries(ERRORS)) {
    t.match(code, /^INS_[A-Z]+(_[A-Z]+)*$/)
    t.ok(status === null || (status >= 400 && status < 600), code)
    t.ok(title.length > 0)
  }
})

t.test('instants are written in UTC with milliseconds', async t => {
  t.equal(toTimestamp(0), '1970-01-01T00:00:00.000Z')
  t.ok(Math.abs(systemClock.now() - Date.now()) < 60_000)
})
