import { t } from 'tap'
import { loadConfig } from '@insights/config'
import { credentialsGiven, intervalsOf, retentionsOf, toPlatformModes } from '../src/platform-options.js'

const DAY = 86_400_000

t.test('the waits of the worker are those that the operator set', async t => {
  const config = loadConfig({ YOUTUBE_RETENTION_DAYS: '7', YOUTUBE_INTERVAL_SECONDS: '3600' })
  t.same(retentionsOf(config), { youtube: 7 * DAY }, 'only YouTube limits how long a count may be kept')
  t.same(intervalsOf(config), { youtube: DAY / 24, soundcloud: DAY / 4, x: DAY, facebook: DAY, instagram: DAY })
})

t.test('without a sandbox a platform is live with its credentials, and not configured without them', async t => {
  const config = loadConfig({ X_BEARER_TOKEN: 'a', INSTAGRAM_ACCESS_TOKEN: 'a', INSTAGRAM_ACCOUNT_ID: '1' })
  t.same(credentialsGiven(config), { youtube: false, soundcloud: false, x: true, facebook: false, instagram: true })
  t.match(toPlatformModes(config), { youtube: 'not_configured', x: 'live', instagram: 'live' })
})
