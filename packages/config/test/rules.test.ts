import t from 'tap'
import { checkRules } from '../src/rules.js'
import type { VariableName } from '../src/schema.js'

function linesFor (texts: Partial<Record<VariableName, string>>, needsServices = false): string[] {
  return checkRules(name => texts[name], needsServices).map(fault => fault.line)
}

t.test('modes that are both embedded or both not are taken', async t => {
  t.same(linesFor({ STORAGE: 'embedded', QUEUE: 'embedded' }), [])
  t.same(linesFor({ STORAGE: 'mongo', QUEUE: 'redis', MONGO_URL: 'm', REDIS_URL: 'r' }), [])
})

t.test('a half-embedded mode is refused with the reason', async t => {
  const reason = /^STORAGE and QUEUE must be embedded and embedded, or mongo and redis: the embedded queue lives in the embedded database/
  t.match(linesFor({ STORAGE: 'mongo', QUEUE: 'embedded', MONGO_URL: 'm' }), [reason])
  t.match(linesFor({ STORAGE: 'embedded', QUEUE: 'redis', REDIS_URL: 'r' }), [reason])
})

t.test('a process that needs services refuses the embedded settings and names all that is missing', async t => {
  t.match(linesFor({ STORAGE: 'embedded', QUEUE: 'embedded' }, true), [
    /^STORAGE must be mongo for this process: .*npm start/, /^QUEUE must be redis/, /^MONGO_URL must be set/, /^REDIS_URL must be set/
  ])
  t.match(linesFor({ STORAGE: 'mongo', QUEUE: 'embedded', MONGO_URL: 'm', REDIS_URL: 'r' }, true), [/^QUEUE must be redis/])
  t.same(linesFor({ STORAGE: 'mongo', QUEUE: 'redis', MONGO_URL: 'm', REDIS_URL: 'r' }, true), [])
})

t.test('a mode that does not exist is left to the check of its variable', async t => {
  t.same(linesFor({ STORAGE: 'sqlite', QUEUE: 'redis', REDIS_URL: 'r' }), [])
})

t.test('a service that is chosen must have its address', async t => {
  t.same(linesFor({ STORAGE: 'mongo', QUEUE: 'redis' }), [
    'MONGO_URL must be set to go with STORAGE=mongo',
    'REDIS_URL must be set to go with QUEUE=redis'
  ])
})

t.test('an address of a service that is not chosen is taken', async t => {
  t.same(linesFor({ STORAGE: 'embedded', QUEUE: 'embedded', MONGO_URL: 'm', REDIS_URL: 'r' }), [])
})

t.test('the credentials of a platform are complete, with or without the app secret', async t => {
  t.same(linesFor({
    YOUTUBE_API_KEY: 'a',
    X_BEARER_TOKEN: 'a',
    SOUNDCLOUD_CLIENT_ID: 'a',
    SOUNDCLOUD_CLIENT_SECRET: 'a',
    FACEBOOK_ACCESS_TOKEN: 'a',
    INSTAGRAM_ACCESS_TOKEN: 'a',
    INSTAGRAM_ACCOUNT_ID: '1'
  }), [])
  t.same(linesFor({
    FACEBOOK_ACCESS_TOKEN: 'a', FACEBOOK_APP_SECRET: 'a', INSTAGRAM_ACCESS_TOKEN: 'a', INSTAGRAM_ACCOUNT_ID: '1', INSTAGRAM_APP_SECRET: 'a'
  }), [])
})

t.test('a part of the SoundCloud credentials names the other part', async t => {
  t.same(linesFor({ SOUNDCLOUD_CLIENT_ID: 'a' }), ['SOUNDCLOUD_CLIENT_SECRET must be set to go with SOUNDCLOUD_CLIENT_ID'])
  t.same(linesFor({ SOUNDCLOUD_CLIENT_SECRET: 'a' }), ['SOUNDCLOUD_CLIENT_ID must be set to go with SOUNDCLOUD_CLIENT_SECRET'])
})

t.test('a part of the Instagram credentials names every part that is missing', async t => {
  t.same(linesFor({ INSTAGRAM_ACCESS_TOKEN: 'a' }), ['INSTAGRAM_ACCOUNT_ID must be set to go with INSTAGRAM_ACCESS_TOKEN'])
  t.same(linesFor({ INSTAGRAM_ACCOUNT_ID: '1' }), ['INSTAGRAM_ACCESS_TOKEN must be set to go with INSTAGRAM_ACCOUNT_ID'])
  t.same(linesFor({ INSTAGRAM_APP_SECRET: 'a' }), [
    'INSTAGRAM_ACCESS_TOKEN must be set to go with INSTAGRAM_APP_SECRET',
    'INSTAGRAM_ACCOUNT_ID must be set to go with INSTAGRAM_APP_SECRET'
  ])
  t.same(linesFor({ INSTAGRAM_ACCOUNT_ID: '1', INSTAGRAM_APP_SECRET: 'a' }),
    ['INSTAGRAM_ACCESS_TOKEN must be set to go with INSTAGRAM_ACCOUNT_ID and INSTAGRAM_APP_SECRET'])
})

t.test('a Facebook app secret without a token names the token', async t => {
  t.same(linesFor({ FACEBOOK_APP_SECRET: 'a' }), ['FACEBOOK_ACCESS_TOKEN must be set to go with FACEBOOK_APP_SECRET'])
})

t.test('counts of YouTube are fetched again a day before they would be removed', async t => {
  const fault = /^YOUTUBE_INTERVAL_SECONDS must be at least a day \(86400\) shorter than YOUTUBE_RETENTION_DAYS/
  t.match(linesFor({ YOUTUBE_INTERVAL_SECONDS: '86401', YOUTUBE_RETENTION_DAYS: '2' }), [fault])
  t.same(linesFor({ YOUTUBE_INTERVAL_SECONDS: '86400', YOUTUBE_RETENTION_DAYS: '2' }), [])
  t.same(linesFor({ YOUTUBE_INTERVAL_SECONDS: '900', YOUTUBE_RETENTION_DAYS: '' }), [], 'what can not be read has a fault of its own')
})
