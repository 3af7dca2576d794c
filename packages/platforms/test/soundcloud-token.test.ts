import t, { type Test } from 'tap'
import { answerFrom, openFake, testSettings, type Fake, type PlatformDialect } from './contract/dialect.js'
import { codeOf, countOf, failureOf } from './contract/platform-client-contract.js'
import { sendJson, until, type FakeRequest, type Respond } from './fake-server.js'
import { CLIENT_ID, CLIENT_SECRET, UNAUTHORIZED, dialect, sendToken, urn } from './soundcloud-dialect.js'

const start = testSettings.clock.now()
const MINUTE = 60_000

interface TokenFake extends Fake {
  grants: FakeRequest[]
  clock: { time: number }
}

/** A client whose token requests are answered by `grant`, which is told how many there were. */
async function openWith (
  t: Test, grant: (request: FakeRequest, response: Parameters<Respond>[1], count: number) => void, lookup?: Respond,
  limits: { timeoutMs?: number, deadlineMs?: number } = {}
): Promise<TokenFake> {
  const grants: FakeRequest[] = []
  const clock = { time: start }
  const withGrants: PlatformDialect = {
    ...dialect,
    serveOther: (request, response) => {
      if (request.path !== '/oauth/token') return false
      grants.push(request)
      grant(request, response, grants.length)
      return true
    }
  }
  const answer = lookup ?? answerFrom(dialect, new Map([[urn(1), 1], [urn(2), 2]]))
  const fake = await openFake(t, withGrants, answer, { clock: { now: () => clock.time }, ...limits })
  return { ...fake, grants, clock }
}

const grantTypes = (grants: FakeRequest[]): Array<string | null> => grants.map(request => request.form.get('grant_type'))

t.test('the first token is granted for the client credentials, in a header', async t => {
  const { client, grants } = await openWith(t, (_, response) => sendToken(response))
  await client.fetchCounts([urn(1)])
  t.equal(grants[0]?.method, 'POST')
  t.equal(grants[0]?.headers.authorization, `Basic ${Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString('base64')}`)
  t.equal(grants[0]?.form.toString(), 'grant_type=client_credentials')
})

t.test('calls at the same time share one grant', async t => {
  const { client, grants } = await openWith(t, (_, response) => sendToken(response))
  await Promise.all([1, 2, 1, 2].map(n => client.fetchCounts([urn(n)])))
  t.equal(grants.length, 1)
})

t.test('a token is kept until two minutes before its end, then refreshed once with the newest refresh token', async t => {
  const { client, grants, clock, lookups } = await openWith(t, (_, response, count) => {
    sendToken(response, { access_token: `T${count}`, refresh_token: `R${count}`, expires_in: 3600 })
  })
  for (const minutes of [0, 57.9, 58, 115, 116]) {
    clock.time = start + minutes * MINUTE
    await client.fetchCounts([urn(1)])
  }
  t.strictSame(grantTypes(grants), ['client_credentials', 'refresh_token', 'refresh_token'])
  t.strictSame(grants.map(request => request.form.get('refresh_token')), [null, 'R1', 'R2'])
  t.equal(grants[1]?.form.get('client_secret'), CLIENT_SECRET)
  t.strictSame(lookups().map(request => request.headers.authorization), ['OAuth T1', 'OAuth T1', 'OAuth T2', 'OAuth T2', 'OAuth T3'])
})

t.test('a token of a minute is not renewed at every call', async t => {
  const { client, grants } = await openWith(t, (_, response) => sendToken(response, { expires_in: 60 }))
  for (let n = 0; n < 3; n++) await client.fetchCounts([urn(1)])
  t.equal(grants.length, 1)
})

for (const status of [400, 401]) {
  t.test(`a refresh refused with ${status} falls back to the client credentials`, async t => {
    const { client, grants, clock } = await openWith(t, (request, response) => {
      if (request.form.get('grant_type') === 'refresh_token') sendJson(response, { error: 'invalid_grant' }, status)
      else sendToken(response)
    })
    await client.fetchCounts([urn(1)])
    clock.time += 59 * MINUTE
    t.strictSame((await client.fetchCounts([urn(1)])).map(countOf), [1])
    t.strictSame(grantTypes(grants), ['client_credentials', 'refresh_token', 'client_credentials'])
  })
}

t.test('a token without a refresh token is replaced by the client credentials', async t => {
  const { client, grants, clock } = await openWith(t, (_, response) => sendToken(response, { refresh_token: null }))
  await client.fetchCounts([urn(1)])
  clock.time += 59 * MINUTE
  await client.fetchCounts([urn(1)])
  t.strictSame(grantTypes(grants), ['client_credentials', 'client_credentials'])
})

t.test('while an early renewal fails, the old token serves to its end', async t => {
  const { client, clock } = await openWith(t, (_, response, count) => {
    if (count === 1) sendToken(response, { expires_in: 3600 })
    else sendJson(response, {}, 503)
  })
  await client.fetchCounts([urn(1)])
  clock.time = start + 59 * MINUTE
  t.strictSame((await client.fetchCounts([urn(1)])).map(countOf), [1])
  clock.time = start + 60 * MINUTE
  t.strictSame((await client.fetchCounts([urn(1)])).map(codeOf), ['INS_PLATFORM_STATUS'])
})

t.test('an API that refuses new tokens too costs one grant per quarter of an hour', async t => {
  const { client, grants, clock } = await openWith(t, (_, response, count) => sendToken(response, { access_token: `T${count}` }),
    (_, response) => sendJson(response, UNAUTHORIZED, 401))
  for (const minutes of [0, 0, 1, 14]) {
    clock.time = start + minutes * MINUTE
    t.equal(failureOf((await client.fetchCounts([urn(1)]))[0])?.reason, 'auth')
  }
  t.equal(grants.length, 2)
  t.equal(failureOf((await client.fetchCounts([urn(1)]))[0])?.retryAt, start + 15 * MINUTE)
  clock.time = start + 15 * MINUTE
  await client.fetchCounts([urn(1)])
  t.equal(grants.length, 3)
})

t.test('a wrong client secret is for a person to mend, and is not tried at every call', async t => {
  const { client, grants, clock } = await openWith(t, (_, response) => sendJson(response, { error: 'invalid_client' }, 401))
  t.match(failureOf((await client.fetchCounts([urn(1)]))[0]), { reason: 'auth', code: 'INS_PLATFORM_AUTH' })
  t.equal(failureOf((await client.fetchCounts([urn(1)]))[0])?.reason, 'auth')
  t.equal(grants.length, 1)
  clock.time += 5000
  await client.fetchCounts([urn(1)])
  t.equal(grants.length, 2, 'asked again after five seconds')
  clock.time += 5000
  await client.fetchCounts([urn(1)])
  t.equal(grants.length, 2, 'but then only after ten')
})

t.test('a throttled token host is left alone until the time it names, or for an hour', async t => {
  let body: unknown = { errors: [{ meta: { rate_limit: { bucket: 'by-ip' }, reset_time: '2026/11/23 12:20:00 +0000' } }] }
  const { client, grants, clock } = await openWith(t, (_, response) => sendJson(response, body, 429))
  t.match(failureOf((await client.fetchCounts([urn(1)]))[0]), { reason: 'throttled', retryAt: start + 20 * MINUTE })
  clock.time = start + 19 * MINUTE
  t.match(failureOf((await client.fetchCounts([urn(1)]))[0]), { reason: 'throttled', retryAt: start + 20 * MINUTE })
  t.equal(grants.length, 1)
  clock.time = start + 20 * MINUTE
  body = { error: 'rate_limit_exceeded' }
  t.match(failureOf((await client.fetchCounts([urn(1)]))[0]), { reason: 'throttled', retryAt: start + 80 * MINUTE })
  t.equal(grants.length, 2)
})

t.test('a clock set back does not prolong the pause', async t => {
  const { client, grants, clock } = await openWith(t, (_, response) => sendJson(response, {}, 429))
  await client.fetchCounts([urn(1)])
  clock.time = start - 24 * 60 * MINUTE
  await client.fetchCounts([urn(1)])
  t.equal(grants.length, 2)
})

const badGrants: Record<string, Respond> = {
  'without a token': (_, response) => sendJson(response, { expires_in: 10 }),
  'with a token that no header can carry': (_, response) => sendToken(response, { access_token: 'a\r\nb' }),
  'with a life of no length': (_, response) => sendToken(response, { expires_in: 0 }),
  'in HTML': (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')
}
for (const [what, respond] of Object.entries(badGrants)) {
  t.test(`a grant ${what} is a reply that can not be used`, async t => {
    const { client, lookups } = await openWith(t, respond)
    t.strictSame((await client.fetchCounts([urn(1)])).map(codeOf), ['INS_PLATFORM_REPLY'])
    t.equal(lookups().length, 0)
  })
}

t.test('a silent token host ends with the deadline of each caller', async t => {
  const { client } = await openWith(t, () => {}, undefined, { timeoutMs: 300, deadlineMs: 900 })
  const outcomes = await Promise.all([client.fetchCounts([urn(1)]), client.fetchCounts([urn(2)])])
  t.strictSame(outcomes.flat().map(codeOf), ['INS_PLATFORM_TIMEOUT', 'INS_PLATFORM_TIMEOUT'])
})

t.test('a token host that cuts connections is tried twice, since lost grants count', async t => {
  const { client, grants } = await openWith(t, (_, response) => { response.destroy() })
  t.strictSame((await client.fetchCounts([urn(1)])).map(codeOf), ['INS_PLATFORM_UNREACHABLE'])
  t.equal(grants.length, 2)
})

t.test('closing ends a wait for a token', async t => {
  const { client, grants } = await openWith(t, () => {})
  const underWay = client.fetchCounts([urn(1)])
  await until(() => grants.length === 1, 'the grant is asked for')
  await client.close()
  t.strictSame((await underWay).map(codeOf), ['INS_PLATFORM_UNREACHABLE'])
})
