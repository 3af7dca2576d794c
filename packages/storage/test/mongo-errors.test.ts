import { AppError } from '@insights/shared'
import mongoose from 'mongoose'
import { t } from 'tap'
import { isDuplicate, translateErrors } from '../src/mongo/errors.js'

const { MongoServerError, MongoNetworkError, MongoServerSelectionError } = mongoose.mongo
const serverError = (code: number): Error => new MongoServerError({ code, message: 'as the server says' })
const outcomeOf = async (error: unknown): Promise<unknown> =>
  await translateErrors(async () => { throw error }, 1_000).catch((error: unknown) => error)

t.test('a result passes unchanged', async t => {
  t.equal(await translateErrors(async () => 7, 1_000), 7)
})

t.test('what only waiting helps against is unavailable, with the time to wait', async t => {
  const causes = [
    new MongoNetworkError('connection closed'),
    new MongoServerSelectionError('no primary', {} as never),
    new mongoose.MongooseError('before initial connection'),
    Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }),
    Object.assign(new Error('getaddrinfo EAI_AGAIN'), { code: 'EAI_AGAIN' }),
    ...[10107, 189, 91, 11600, 50, 64, 13, 18, 8000].map(serverError)
  ]
  for (const cause of causes) {
    t.match(await outcomeOf(cause), { code: 'INS_STORE_UNAVAILABLE', retryable: true, retryAfterSeconds: 5, cause }, cause.message)
  }
})

t.test('a refused account is said as such', async t => {
  t.match(await outcomeOf(serverError(18)), { message: /account/ })
})

t.test('a full disk is a full store', async t => {
  t.match(await outcomeOf(serverError(14031)), { code: 'INS_STORE_FULL', retryable: false })
})

t.test('what no waiting helps against is a fault of the service', async t => {
  const causes = [
    new TypeError('a mistake of ours'),
    Object.assign(new TypeError('an argument'), { code: 'ERR_INVALID_ARG_TYPE' }),
    new mongoose.Error.CastError('Number', 'x', '_id'),
    new mongoose.Error.StrictModeError('typo'),
    ...[2, 9, 14, 59, 10334].map(serverError),
    'no error at all'
  ]
  for (const cause of causes) t.match(await outcomeOf(cause), { code: 'INS_INTERNAL', retryable: false, cause })
})

t.test('an error of ours passes unchanged', async t => {
  const error = new AppError('INS_INSIGHT_CHANGED', 'changed')
  t.equal(await outcomeOf(error), error)
})

t.test('a call that never ends is unavailable after the limit', async t => {
  await t.rejects(translateErrors(async () => await new Promise(() => {}), 1), { code: 'INS_STORE_UNAVAILABLE' })
})

t.test('a call that fails after the limit harms nobody', async t => {
  let fail = (_error: Error): void => {}
  const call = new Promise<never>((_resolve, reject) => { fail = reject })
  await t.rejects(translateErrors(async () => await call, 1), { code: 'INS_STORE_UNAVAILABLE' })
  fail(new Error('too late'))
  await t.rejects(call, { message: 'too late' })
})

t.test('a duplicate is told from other errors', async t => {
  t.equal(isDuplicate(serverError(11000)), true)
  t.equal(isDuplicate(serverError(2)), false)
  t.equal(isDuplicate(null), false)
})
