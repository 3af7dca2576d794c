import { t } from 'tap'
import fastify from 'fastify'
import { createToken, defaultFields, hashToken, tokenIdOf, type Scope } from '@insights/shared'
import type { TokenStore } from '@insights/storage'
import { authentication } from '../src/plugins/auth.js'
import { createTokenLookup } from '../src/token-lookup.js'
import { addToken, buildBareApi, openTestStores } from './build-test-api.js'

const stores = await openTestStores(t)
const api = await buildBareApi(t, stores)
const { id } = await stores.store.create(defaultFields())

async function statusWith (authorization: string | undefined, method: 'GET' | 'HEAD' | 'POST' = 'GET'): Promise<number> {
  const url = method === 'POST' ? `/api/user_insights/${id}/refresh` : `/api/user_insights/${id}`
  return (await api.app.inject({ method, url, headers: { authorization } })).statusCode
}

t.test('both schemes work, in any case', async t => {
  const token = await addToken(stores, ['read'])
  for (const scheme of ['Token', 'token', 'TOKEN', 'Bearer', 'bearer', 'Token   ']) t.equal(await statusWith(`${scheme} ${token}`), 200, scheme)
})

t.test('without a token the answer says how to send one', async t => {
  for (const headers of [{}, { authorization: '' }, { authorization: '  ' }]) {
    const answer = await api.app.inject({ url: `/api/user_insights/${id}`, headers })
    t.equal(answer.statusCode, 401)
    t.equal(answer.headers['www-authenticate'], 'Token realm="insights", Bearer realm="insights"')
    t.match(answer.json(), { code: 'INS_AUTH_MISSING', detail: /Authorization: Token <token>, or Authorization: Bearer <token>/ })
  }
})

t.test('other schemes and forms are refused', async t => {
  const token = await addToken(stores, ['read'])
  const wrong = ['Basic dXNlcjpwYXNz', token, 'Token', `Token ${token} more`, `Token="${token}"`, `Tokens ${token}`, `Digest token=${token}`]
  for (const authorization of wrong) {
    const answer = await api.app.inject({ url: `/api/user_insights/${id}`, headers: { authorization } })
    t.match([answer.statusCode, answer.json().code], [401, 'INS_AUTH_INVALID'], authorization.slice(0, 6))
    t.notMatch(answer.payload, token)
  }
})

t.test('a token that nobody made is refused', async t => {
  t.equal(await statusWith(`Token ${createToken()}`), 401)
  t.equal(await statusWith(`Token ${'x'.repeat(8_000)}`), 401)
  t.equal(await statusWith('Token \xe9'), 401)
})

t.test('a mistyped token is refused without asking the store', async t => {
  let asked = 0
  const counting = await buildBareApi(t, { ...stores, tokens: { ...stores.tokens, findByHash: async hash => { asked++; return await stores.tokens.findByHash(hash) } } })
  const token = await addToken(stores, ['read'])
  const last = token.at(-1) === '0' ? '1' : '0'
  const answer = await counting.app.inject({ url: `/api/user_insights/${id}`, headers: { authorization: `Token ${token.slice(0, -1)}${last}` } })
  t.equal(answer.statusCode, 401)
  t.equal(asked, 0)
})

t.test('a token of the caller\'s own choice works', async t => {
  const chosen = 'a-token-of-the-callers-own-choice-0123456789'
  await stores.tokens.add({ hash: hashToken(chosen), name: 'chosen', scopes: ['read'], expires_at: null })
  t.equal(await statusWith(`Token ${chosen}`), 200)
})

t.test('reading needs the scope read and writing the scope write', async t => {
  const cases: Array<[scopes: Scope[], get: number, post: number]> = [
    [['read'], 200, 403], [['write'], 403, 202], [['read', 'write'], 200, 202], [['admin'], 200, 202], [['metrics'], 403, 403], [[], 403, 403]
  ]
  for (const [scopes, get, post] of cases) {
    const token = await addToken(stores, scopes)
    t.same([await statusWith(`Token ${token}`), await statusWith(`Token ${token}`, 'HEAD'), await statusWith(`Token ${token}`, 'POST')],
      [get, get, post], scopes.join())
  }
})

t.test('a missing scope is named', async t => {
  const token = await addToken(stores, ['read'])
  const answer = await api.app.inject({ method: 'POST', url: '/api/user_insights/', headers: { authorization: `Token ${token}` }, payload: {} })
  t.match([answer.statusCode, answer.json().code, answer.json().detail], [403, 'INS_AUTH_SCOPE', /write/])
})

t.test('an expired token is refused from its last moment on, remembered or not', async t => {
  const end = api.clock.now() + 1_000
  const token = await addToken(stores, ['read'], new Date(end).toISOString())
  api.clock.set(end - 1)
  t.equal(await statusWith(`Token ${token}`), 200)
  api.clock.set(end)
  t.equal(await statusWith(`Token ${token}`), 401)
})

t.test('a found token is remembered for four seconds and no longer', async t => {
  let asked = 0
  const tokens: TokenStore = { ...stores.tokens, findByHash: async hash => { asked++; return await stores.tokens.findByHash(hash) } }
  const { app, clock } = await buildBareApi(t, { ...stores, tokens })
  const headers = { authorization: `Token ${await addToken(stores, ['read'])}` }
  const ask = async (): Promise<number> => {
    await app.inject({ url: `/api/user_insights/${id}`, headers })
    return asked
  }
  const start = clock.now()
  t.equal(await ask(), 1)
  clock.set(start + 3_999)
  t.equal(await ask(), 1)
  clock.set(start + 4_000)
  t.equal(await ask(), 2)
  clock.set(start)
  t.equal(await ask(), 3, 'a clock that is set back does not keep tokens alive')
})

t.test('an unknown token is asked for every time, so that a new one works at once', async t => {
  const token = createToken()
  t.equal(await statusWith(`Token ${token}`), 401)
  await stores.tokens.add({ hash: hashToken(token), name: 'late', scopes: ['read'], expires_at: null })
  t.equal(await statusWith(`Token ${token}`), 200)
})

t.test('the token is checked before the body is looked at', async t => {
  const answer = await api.app.inject({ method: 'POST', url: '/api/user_insights/', payload: '{', headers: { 'content-type': 'text/plain' } })
  t.equal(answer.statusCode, 401)
})

t.test('no token is ever logged, wherever it was put', async t => {
  const token = await addToken(stores, ['read'])
  await api.app.inject({ url: `/api/user_insights/${id}?token=${token}`, headers: { authorization: `Token ${token}`, cookie: `t=${token}` } })
  await api.app.inject({ url: `/api/user_insights/?access_token=${token}`, headers: { authorization: `Basic ${token}` } })
  await api.app.inject({ url: `/api/user_insights/${token}`, headers: { authorization: `Token ${token}` } })
  await api.app.inject({ method: 'DELETE', url: `/api/tokens/${token}/`, headers: { authorization: `Token ${token}` } })
  api.app.log.info({ req: { method: 'GET', url: `/?token=${token}`, headers: { authorization: token } } }, 'a request')
  t.ok(api.logged.length > 2)
  t.notMatch(JSON.stringify(api.logged), token)
})

t.test('a token that was revoked is refused', async t => {
  const token = await addToken(stores, ['read'])
  await stores.tokens.revoke(tokenIdOf(hashToken(token)))
  t.equal(await statusWith(`Token ${token}`), 401)
})

t.test('a revocation while a token is looked up is not outlived by what is remembered', async t => {
  const token = await addToken(stores, ['read'])
  const { app, clock } = await buildBareApi(t, {
    ...stores,
    tokens: {
      ...stores.tokens,
      findByHash: async hash => {
        const found = await stores.tokens.findByHash(hash)
        if (found?.revoked_at === null) {
          await stores.tokens.revoke(found.id)
          clock.set(clock.now() + 3_000)
        }
        return found
      }
    }
  })
  const ask = async (): Promise<number> => (await app.inject({ url: `/api/user_insights/${id}`, headers: { authorization: `Token ${token}` } })).statusCode
  t.equal(await ask(), 200)
  clock.set(clock.now() + 1_000)
  t.equal(await ask(), 401, 'the time counts from the question, not from the answer')
})

t.test('nowhere under /api does HTTP Basic open anything', async t => {
  const token = await addToken(stores, ['read', 'write', 'admin'])
  const basic = `Basic ${Buffer.from(`any:${token}`).toString('base64')}`
  for (const url of [`/api/user_insights/${id}`, `/api/user_insights/${id}/refresh`, '/api/tokens']) {
    const answer = await api.app.inject({ url, headers: { authorization: basic } })
    t.match([answer.statusCode, answer.json().code], [401, 'INS_AUTH_INVALID'])
    t.notMatch(answer.headers['www-authenticate'], /Basic/, 'nor is anybody asked for it')
  }
})

t.test('a route that names no scope stops the start', async t => {
  const app = fastify()
  const lookup = createTokenLookup(stores.tokens, api.clock)
  await app.register(authentication, { tokens: stores.tokens, lookup, clock: api.clock })
  app.get('/forgotten', async () => 'open')
  await t.rejects(async () => { await app.ready() }, /The route \/forgotten names no scope/)
})
