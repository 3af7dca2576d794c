import { openSandbox } from '@insights/sandbox'
import { PLATFORMS } from '@insights/shared'
import { runService } from '@insights/testkit'
import { t } from 'tap'
import { check, variablesOf } from './stage.js'

const sandbox = await openSandbox()
t.teardown(sandbox.close)
t.beforeEach(() => {
  sandbox.reset()
  sandbox.clock.freeze()
  sandbox.clock.set(Date.parse('2026-11-23T12:00:00Z'))
})

const ALL = variablesOf(sandbox)

t.test('good credentials: a line each, what it cost, and exit code 0', async t => {
  sandbox.entities.set('x', 'insights_check_', 'missing')
  const { code, lines, complaints } = await check(t, ALL)
  t.strictSame(lines, [
    'YouTube     works. Cost: 1 quota unit.',
    'SoundCloud  works. Cost: 1 token.',
    'X           works: It answers, and does not know what was asked for. Cost: at most 0.01 dollars.',
    'Facebook    works. Cost: 1 call.',
    'Instagram   works. Cost: 1 call.'
  ])
  t.equal(code, 0)
  t.match(complaints, /^insights: These calls are not counted [^\n]* no database in [^\n]* yet\.\ninsights: X charges 0\.01 dollars[^\n]*\n$/)
  t.strictSame(PLATFORMS.map(platform => [platform, sandbox.calls.totals(platform).cost]),
    [['youtube', 1], ['soundcloud', 2], ['x', 0], ['facebook', 1], ['instagram', 1]], 'a token and a call are two for SoundCloud')
})

t.test('an account that X finds after all is paid, and the line says so', async t => {
  const { lines } = await check(t, ALL, '--only', 'x')
  t.strictSame(lines, ['X           works. Cost: 0.01 dollars.'])
  t.equal(sandbox.calls.totals('x').cost, 0.01)
})

t.test('what is not configured names its variables, is not called, and is no failure', async t => {
  const { code, lines, complaints } = await check(t, {})
  t.strictSame(lines, [
    'YouTube     not configured: set YOUTUBE_API_KEY.',
    'SoundCloud  not configured: set SOUNDCLOUD_CLIENT_ID and SOUNDCLOUD_CLIENT_SECRET.',
    'X           not configured: set X_BEARER_TOKEN.',
    'Facebook    not configured: set FACEBOOK_ACCESS_TOKEN.',
    'Instagram   not configured: set INSTAGRAM_ACCESS_TOKEN and INSTAGRAM_ACCOUNT_ID.'
  ])
  t.strictSame([code, complaints, sandbox.calls.list()], [0, '', []])
})

t.test('credentials that are refused: the line names the variables, and the others are checked', async t => {
  const env = {
    ...ALL,
    YOUTUBE_API_KEY: 'wrong-key',
    SOUNDCLOUD_CLIENT_SECRET: 'wrong-secret',
    X_BEARER_TOKEN: 'wrong-bearer',
    FACEBOOK_ACCESS_TOKEN: 'wrong-facebook'
  }
  const { code, lines } = await check(t, env)
  t.equal(code, 1)
  t.strictSame(lines, [
    'YouTube     fails: YouTube refuses the API key. Look at YOUTUBE_API_KEY. Cost: at most 1 quota unit.',
    'SoundCloud  fails: SoundCloud refuses the credentials (status 401). Look at SOUNDCLOUD_CLIENT_ID, SOUNDCLOUD_CLIENT_SECRET. Cost: at most 1 token.',
    'X           fails: X refuses the credentials (status 401). Look at X_BEARER_TOKEN. Cost: at most 0.01 dollars.',
    'Facebook    fails: Facebook refuses the credentials (code 190). Look at FACEBOOK_ACCESS_TOKEN, FACEBOOK_APP_SECRET. Cost: at most 1 call.',
    'Instagram   works. Cost: 1 call.'
  ])
})

t.test('tokens that have expired and a proof that is wrong are told', async t => {
  sandbox.settings.set({ facebook: { token: 'expired' }, instagram: { proofRequired: true } })
  const { code, lines } = await check(t, { ...ALL, INSTAGRAM_APP_SECRET: 'wrong-app-secret' }, '--only=facebook,instagram')
  t.equal(code, 1)
  t.match(lines, [/^Facebook +fails: .*\(code 190, subcode 463\)/, /^Instagram +fails: .*Look at .*INSTAGRAM_APP_SECRET/])
})

t.test('lost permissions are told, also one that looks like a missing page', async t => {
  sandbox.settings.set({ youtube: { apiEnabled: false }, x: { app: 'client_forbidden' }, facebook: { permission: 'not_found' }, instagram: { permission: 'refused' } })
  const { code, lines } = await check(t, ALL)
  t.equal(code, 1)
  t.strictSame(lines.map(line => /^\w+ +(\w+)/.exec(line)?.[1]), ['fails', 'works', 'fails', 'fails', 'fails'])
  t.match(lines[3], /^Facebook +fails: Facebook does not show page 19292868552: the app lacks Page Public Metadata Access/)
})

t.test('a page of one\'s own can stand in for Meta\'s', async t => {
  sandbox.entities.set('facebook', '19292868552', 'missing')
  t.equal((await check(t, ALL, '--only', 'facebook')).code, 1)
  t.equal((await check(t, ALL, '--only', 'facebook', '--facebook-page', '4546477')).code, 0)
})

t.test('a quota that is used up says until when, and money that is gone is no matter of credentials', async t => {
  sandbox.faults.add({ platform: 'youtube', kind: 'error', error: 'dailyLimit429', times: 'always' })
  sandbox.faults.add({ platform: 'youtube', path: '/videos', kind: 'error', error: 'quotaExceeded', times: 'always' })
  sandbox.settings.set({ x: { creditDollars: 0 } })
  const { code, lines } = await check(t, ALL, '--only', 'youtube,x')
  t.equal(code, 1)
  t.match(lines, [
    /^YouTube +fails: The quota of YouTube for this day is used up\. Not before \d{4}-\d\d-\d\dT.*Z\. Cost: at most 1 quota unit\.$/,
    /^X +fails: The account at X has no credits left\. Cost: at most 0.01 dollars\.$/
  ])
})

t.test('a network that leads nowhere is told with the address to look at', async t => {
  const nowhere = 'http://127.0.0.1:1'
  const env = { ...ALL, YOUTUBE_BASE_URL: nowhere, SOUNDCLOUD_TOKEN_URL: nowhere, X_BASE_URL: nowhere, PLATFORM_TIMEOUT_SECONDS: '2' }
  const { code, lines } = await check(t, env, '--only', 'youtube,soundcloud,x')
  t.equal(code, 1)
  t.strictSame(lines, [
    'YouTube     fails: YouTube can not be reached (ECONNREFUSED). Look at YOUTUBE_BASE_URL. Cost: at most 3 quota units.',
    'SoundCloud  fails: SoundCloud can not be reached (ECONNREFUSED). Look at SOUNDCLOUD_BASE_URL, SOUNDCLOUD_TOKEN_URL. Cost: at most 2 tokens.',
    'X           fails: X can not be reached (ECONNREFUSED). Look at X_BASE_URL. Cost: at most 0.01 dollars.'
  ])
})

t.test('JSON is one document with the same in it, and nothing else on standard output', async t => {
  const { X_BEARER_TOKEN: _token, ...withoutX } = ALL
  const { code, output } = await check(t, { ...withoutX, YOUTUBE_API_KEY: 'wrong-key' }, '--json')
  t.equal(code, 1)
  t.match(JSON.parse(output), {
    is_good: false,
    is_counted: false,
    results: [
      { platform: 'youtube', state: 'fails', variables: ['YOUTUBE_API_KEY'], cost: { amount: 1, unit: 'quota units', is_at_most: true } },
      { platform: 'soundcloud', state: 'works', detail: '', variables: [], cost: { amount: 1, unit: 'tokens', is_at_most: false } },
      { platform: 'x', state: 'not_configured', variables: ['X_BEARER_TOKEN'], cost: { amount: 0 } },
      { platform: 'facebook', state: 'works' },
      { platform: 'instagram', state: 'works' }
    ]
  })
})

t.test('wrong usage is exit code 2, without a call and without repeating an argument', async t => {
  for (const args of [['--what'], ['--only'], ['--only', 'myspace'], ['--facebook-page', 'cocacola'], ['wrong-place-for-a-secret']]) {
    const { code, output, complaints } = await check(t, ALL, ...args)
    t.strictSame([code, output], [2, ''], args.join(' '))
    t.match(complaints, /^insights: [^\n]+\n$/)
    t.notMatch(complaints, /secret|cocacola|myspace/)
  }
  t.strictSame(sandbox.calls.list(), [])
  t.match(await check(t, ALL, '--help'), { code: 0, output: /check|Makes the cheapest/ })
})

t.test('a configuration that is not valid is one message and exit code 1', async t => {
  const { code, output, complaints } = await check(t, { SOUNDCLOUD_CLIENT_ID: 'x', PORT: 'eighty' })
  t.strictSame([code, output], [1, ''])
  t.match(complaints, /^insights: The configuration is not valid[^]*PORT[^]*SOUNDCLOUD_CLIENT_SECRET must be set/)
})

t.test('as a program it reads the environment and ends with the code', async t => {
  const { code, stdout } = await runService({ node: ['apps/check-platforms/dist/main.js', '--only', 'youtube,facebook'], env: { ...ALL, DATA_DIR: `${t.testdirName}/missing`, FACEBOOK_ACCESS_TOKEN: 'expired-long-ago' } })
  t.equal(code, 1)
  t.match(stdout, /^YouTube {5}works\. Cost: 1 quota unit\.\nFacebook {4}fails: [^\n]*\n$/)
})
