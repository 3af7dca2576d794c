import t from 'tap'
import { openInstagramClient } from '../src/instagram.js'
import { answerFrom, createTestGovernor, openFake, testSettings, type PlatformDialect } from './contract/dialect.js'
import { codeOf, failureOf, platformClientContract } from './contract/platform-client-contract.js'
import { sendJson, type FakeRequest } from './fake-server.js'
import { GRAPH_ERRORS, errorPart, relativeUrls, sendParts, type Part } from './graph-dialect.js'

const TOKEN = 'secret-instagram-token'
const ACCOUNT = '17841405309211844'
const MISSING = errorPart({ code: 110, error_subcode: 2207013, is_transient: false, error_user_msg: 'x' })
const asked = (request: FakeRequest): string[] => relativeUrls(request).map(url => /username\((.*?)\)/.exec(url)?.[1] ?? '')
const account = (name: string, count: string): Part => ({
  code: 200,
  body: `{"business_discovery":{"username":"${name}","followers_count":${count},"id":"17841401441775531"},"id":"${ACCOUNT}"}`
})

const dialect: PlatformDialect = {
  platform: 'instagram',
  id: n => `artist.${n}_`,
  variants: id => [id.toUpperCase(), `@${id}`, `https://www.instagram.com/${id}/`, `instagram.com/${id}?igsh=abc`],
  invalid: ['', '.dot', 'dot.', 'two..dots', 'two words', 'x){id}', 'x'.repeat(31), 'https://www.instagram.com/p/abc/', 'instagram.com/explore'],
  secrets: [TOKEN],
  open: (baseUrl, settings) => openInstagramClient({ baseUrl, accessToken: TOKEN, accountId: ACCOUNT }, settings),
  asked,
  writeCount: count => String(count),
  badCounts: ['-1', '1.5', '1e400', '9007199254740993', '"42"', 'null', 'true', '[]', '{}'],
  answer: (request, response, { found }) => {
    const counts = found.values()
    const missing = asked(request).length - found.length
    const known = new Set(found.map(([id]) => id))
    sendParts(response, asked(request).map(id => {
      const next = missing > 0 && !known.has(id) ? undefined : counts.next().value
      return next === undefined ? MISSING : account(...next)
    }))
  }
}

platformClientContract(t, dialect)

t.test('the request asks for each account through ours, without a proof when there is no secret', async t => {
  const { client, lookups } = await openFake(t, dialect, answerFrom(dialect, new Map([['gigpro', 4564]])))
  t.strictSame(await client.fetchCounts(['@GigPro']), [{ kind: 'ok', count: 4564 }])
  const [request] = lookups()
  t.equal(request?.headers.authorization, `Bearer ${TOKEN}`)
  t.notOk(request?.form.has('appsecret_proof'))
  t.strictSame(relativeUrls(request as FakeRequest),
    [`${ACCOUNT}?fields=business_discovery.username(gigpro)%7Bid,username,followers_count%7D`])
})

t.test('the count is that of the account looked up, which may be written in capitals', async t => {
  const { client } = await openFake(t, dialect, (_, response) => sendParts(response, [account('GigPro', '9')]))
  t.strictSame(await client.fetchCounts(['gigpro']), [{ kind: 'ok', count: 9 }])
})

t.test('accounts that can not be found are not found, however many, though the error says OAuth', async t => {
  const { client, lookups } = await openFake(t, dialect, (request, response) => sendParts(response, asked(request).map(() => MISSING)))
  t.strictSame((await client.fetchCounts([0, 1, 2, 3, 4].map(dialect.id))).map(codeOf), Array(5).fill('not_found'))
  t.equal(lookups().length, 1)
})

t.test('when an account that was there is missing with all the others, nothing is said of any', async t => {
  let isThere = true
  const { client } = await openFake(t, dialect, (request, response) => sendParts(response, asked(request).map(name =>
    isThere ? account(name, '7') : MISSING)))
  await client.fetchCounts(['gigpro'])
  isThere = false
  t.strictSame((await client.fetchCounts([0, 1, 2, 3].map(dialect.id))).map(codeOf), Array(4).fill('INS_PLATFORM_AUTH'))
})

t.test('code 110 without the subcode of a missing account is no verdict on the account', async t => {
  const { client } = await openFake(t, dialect, (_, response) => sendParts(response, [errorPart({ code: 110 })]))
  t.equal(failureOf((await client.fetchCounts(['gigpro']))[0])?.reason, 'request')
})

t.test('an unknown object is our own account, so the configuration is at fault', async t => {
  const { client } = await openFake(t, dialect, (_, response) => sendParts(response, [errorPart({ code: 100, error_subcode: 33 })]))
  t.equal(failureOf((await client.fetchCounts(['gigpro']))[0])?.reason, 'auth')
})

t.test('a part without a follower count names the missing field', async t => {
  const { client } = await openFake(t, dialect, (_, response) => {
    sendParts(response, [{ code: 200, body: '{"business_discovery":{"username":"gigpro"}}' }])
  })
  t.match(failureOf((await client.fetchCounts(['gigpro']))[0])?.detail, '/business_discovery/followers_count')
})

for (const [what, error, reason] of GRAPH_ERRORS) {
  t.test(`${what} is ${reason} and fails its id alone`, async t => {
    const { client } = await openFake(t, dialect, (_, response) => sendParts(response, [errorPart(error), account('beta', '3')]))
    const [alpha, beta] = await client.fetchCounts(['alpha', 'beta'])
    t.equal(failureOf(alpha)?.reason, reason)
    t.equal(beta?.kind, 'ok')
  })
}

t.test('an account id that is no number is refused at once', async t => {
  const options = { baseUrl: 'http://localhost/', accessToken: TOKEN, accountId: 'me/../x' }
  t.throws(() => openInstagramClient(options, testSettings), { code: 'INS_CONFIG_INVALID' })
})

t.test('the use of a business case, which is not what these lookups count against, holds nothing back', async t => {
  const { client, lookups } = await openFake(t, dialect, (_, response) => sendJson(response, [account('gigpro', '1')], 200, {
    'x-app-usage': '{"call_count":28}', 'x-business-use-case-usage': '{"1":[{"type":"instagram","call_count":96}]}'
  }), { governor: createTestGovernor() })
  t.strictSame((await client.fetchCounts(['gigpro'])).map(codeOf), ['ok'])
  t.strictSame((await client.fetchCounts(['gigpro'])).map(codeOf), ['ok'])
  t.equal(lookups().length, 2)
})
