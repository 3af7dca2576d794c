import { t } from 'tap'
import { hashToken } from '@insights/shared'
import type { TokenStore } from '@insights/storage'
import type { Test } from 'tap'
import { addToken, buildBareApi, openTestStores, type BareApi } from './build-test-api.js'

const stores = await openTestStores(t)
const URL = '/api/user_insights/4711'

/** The app on a token store whose `markUsed` does as told, and the hashes that it was called with. */
async function buildWith (t: Test, markUsed: TokenStore['markUsed']): Promise<BareApi & { noted: string[] }> {
  const noted: string[] = []
  const tokens: TokenStore = { ...stores.tokens, markUsed: async hash => { noted.push(hash); await markUsed(hash) } }
  return { noted, ...await buildBareApi(t, { ...stores, tokens }) }
}

async function use ({ app }: BareApi, token: string): Promise<number> {
  return (await app.inject({ url: URL, headers: { authorization: `Token ${token}` } })).statusCode
}

t.test('the use of a token is noted in the store', async t => {
  const api = await buildBareApi(t, stores)
  const token = await addToken(stores, ['read'])
  await use(api, token)
  await api.app.close()
  t.type((await stores.tokens.findByHash(hashToken(token)))?.last_used_at, 'string', 'closing waits for what is being written')
})

t.test('a token is noted once a minute, each by itself', async t => {
  const api = await buildWith(t, stores.tokens.markUsed)
  const [a, b] = [await addToken(stores, ['read']), await addToken(stores, [])]
  const start = api.clock.now()
  for (const ms of [0, 1, 59_999]) {
    api.clock.set(start + ms)
    for (const token of [a, a, b]) await use(api, token)
  }
  t.same(api.noted, [hashToken(a), hashToken(b)])
  api.clock.set(start + 60_000)
  await use(api, a)
  t.same(api.noted, [hashToken(a), hashToken(b), hashToken(a)])
  api.clock.set(start - 3_600_000)
  await use(api, a)
  t.equal(api.noted.length, 4, 'also after the clock was set back')
})

t.test('a token that is refused is not noted', async t => {
  const api = await buildWith(t, stores.tokens.markUsed)
  t.equal(await use(api, await addToken(stores, ['read'], '2020-01-01T00:00:00.000Z')), 401)
  t.equal(await use(api, 'unknown'), 401)
  t.same(api.noted, [])
})

t.test('a store that can not note uses fails no request, and is asked again only after a minute', async t => {
  const api = await buildWith(t, async () => { throw new Error('away') })
  const token = await addToken(stores, ['read'])
  t.same([await use(api, token), await use(api, token)], [404, 404])
  await api.app.close()
  t.equal(api.noted.length, 1)
  t.match(api.logged.filter(line => line['level'] === 40), [{ err: { message: 'away' } }])
  t.notMatch(JSON.stringify(api.logged), hashToken(token))
})

t.test('a store that is slow to note uses holds no request up', async t => {
  let finish = (): void => {}
  const api = await buildWith(t, async () => { await new Promise<void>(resolve => { finish = resolve }) })
  const token = await addToken(stores, ['read'])
  t.equal(await use(api, token), 404)
  t.equal(api.noted.length, 1)
  finish()
})
