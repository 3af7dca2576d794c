import { t } from 'tap'
import { hashToken, tokenIdOf } from '@insights/shared'
import type { TokenRecord } from '@insights/storage'
import type { LightMyRequestResponse } from 'fastify'
import { addToken, buildBareApi, openTestStores, type BareApi } from './build-test-api.js'

const stores = await openTestStores(t)
const api = await buildBareApi(t, stores)
const admin = await addToken(stores, ['admin'])
const INSIGHT = '/api/user_insights/4711'

type Method = 'GET' | 'POST' | 'DELETE'

async function call (method: Method, url: string, payload?: object, token = admin, { app }: Pick<BareApi, 'app'> = api): Promise<LightMyRequestResponse> {
  return await app.inject({ method, url, headers: { authorization: `Token ${token}` }, ...(payload && { payload }) })
}

async function create (payload: object = { name: 'host', scopes: ['read'] }): Promise<{ id: string, token: string, expires_at: string | null }> {
  const answer = await call('POST', '/api/tokens', payload)
  if (answer.statusCode !== 201) throw new Error(answer.payload)
  return answer.json()
}

/** 404 for an insight that is not there: the token was accepted. */
async function isAccepted (token: string, at: Pick<BareApi, 'app'> = api): Promise<boolean> {
  const { statusCode } = await call('GET', INSIGHT, undefined, token, at)
  return statusCode === 404
}

async function listed (id: string): Promise<Record<string, unknown>> {
  return (await call('GET', '/api/tokens')).json().results.find((token: { id: string }) => token.id === id)
}

t.test('a token is made, shown once, and works at once', async t => {
  const answer = await call('POST', '/api/tokens/', { name: 'the host', scopes: ['read', 'write'] })
  const { token, ...rest } = answer.json()
  t.equal(answer.statusCode, 201)
  t.equal(answer.headers['cache-control'], 'no-store')
  t.match(token, /^ins_[\w-]{43}_[0-9a-f]{8}$/)
  t.strictSame(rest, {
    id: tokenIdOf(hashToken(token)),
    name: 'the host',
    scopes: ['read', 'write'],
    created_at: rest.created_at,
    expires_at: null,
    last_used_at: null,
    revoked_at: null,
    is_active: true
  })
  t.ok(await isAccepted(token))
  const list = await call('GET', '/api/tokens')
  t.notMatch(list.payload, token)
  t.notMatch(list.payload, hashToken(token))
  t.notMatch(JSON.stringify(api.logged), token)
})

t.test('a token can be made to expire, at a time or after days', async t => {
  const now = api.clock.now()
  t.equal((await create({ name: 'a', scopes: ['read'], expires_in_days: 90 })).expires_at, new Date(now + 90 * 86_400_000).toISOString())
  t.equal((await create({ name: 'b', scopes: ['read'], expires_at: '2027-01-01T01:00:00+01:00' })).expires_at, '2027-01-01T00:00:00.000Z')
  t.equal((await create({ name: 'c', scopes: ['read'], expires_at: null })).expires_at, null)
})

t.test('a token that can not be made is refused with every fault', async t => {
  const cases: Array<[payload: object, errors: object[]]> = [
    [{}, [{ pointer: '/name', code: 'required' }, { pointer: '/scopes', code: 'required' }]],
    [{ name: '', scopes: [] }, [{ pointer: '/name', code: 'length' }, { pointer: '/scopes', code: 'length' }]],
    [{ name: 'a', scopes: ['root'] }, [{ pointer: '/scopes/0', code: 'value' }]],
    [{ name: 'a', scopes: ['read', 'read'] }, [{ pointer: '/scopes', code: 'duplicate' }]],
    [{ name: 'a', scopes: 'read' }, [{ pointer: '/scopes', code: 'type' }]],
    [{ name: 'bootstrap', scopes: ['read'] }, [{ pointer: '/name', code: 'value' }]],
    [{ name: 'a', scopes: ['read'], hash: 'x' }, [{ pointer: '/hash', code: 'unknown_field' }]],
    [{ name: 'a', scopes: ['read'], expires_at: 'tomorrow' }, [{ pointer: '/expires_at', code: 'format' }]],
    [{ name: 'a', scopes: ['read'], expires_at: '2027-13-01T00:00:00Z' }, [{ pointer: '/expires_at', code: 'format' }]],
    [{ name: 'a', scopes: ['read'], expires_at: '2031-02-31T00:00:00Z' }, [{ pointer: '/expires_at', code: 'format' }]],
    [{ name: 'a', scopes: ['read'], expires_at: '9999-12-31T23:59:59-12:00' }, [{ pointer: '/expires_at', code: 'range' }]],
    [{ name: 'a', scopes: ['read'], expires_at: '2020-01-01T00:00:00Z' }, [{ pointer: '/expires_at', code: 'range' }]],
    [{ name: 'a', scopes: ['read'], expires_in_days: 0 }, [{ pointer: '/expires_in_days', code: 'range' }]],
    [{ name: 'a', scopes: ['read'], expires_in_days: 1, expires_at: null }, [{ pointer: '/expires_in_days', code: 'value' }]]
  ]
  const before = (await stores.tokens.list()).length
  for (const [payload, errors] of cases) {
    const answer = await call('POST', '/api/tokens', payload)
    t.match([answer.statusCode, answer.json().code], [400, 'INS_REQUEST_INVALID'], JSON.stringify(payload))
    t.match(answer.json().errors, errors)
    t.equal(answer.json().errors.length, errors.length)
  }
  t.equal((await stores.tokens.list()).length, before)
})

t.test('only a token with the scope admin sees and changes tokens', async t => {
  const { id } = await create()
  const calls: Array<[Method, string, object?]> = [
    ['GET', '/api/tokens'], ['POST', '/api/tokens', { name: 'a', scopes: ['admin'] }], ['DELETE', `/api/tokens/${id}`], ['POST', `/api/tokens/${id}/rotate`]
  ]
  const other = await addToken(stores, ['read', 'write', 'metrics'])
  for (const [method, url, payload] of calls) {
    t.equal((await call(method, url, payload, other)).json().code, 'INS_AUTH_SCOPE', `${method} ${url}`)
    t.equal((await api.app.inject({ method, url, ...(payload && { payload }) })).statusCode, 401)
  }
  t.equal((await listed(id))['is_active'], true)
})

t.test('row 46: a revoked token is refused at once here, and within five seconds in every other process', async t => {
  const elsewhere = await buildBareApi(t, stores)
  const { id, token } = await create()
  t.ok(await isAccepted(token), 'it is remembered here')
  t.ok(await isAccepted(token, elsewhere), 'and there')
  const answer = await call('DELETE', `/api/tokens/${id}`)
  t.same([answer.statusCode, answer.payload], [204, ''])
  t.notOk(await isAccepted(token), 'here')
  elsewhere.clock.set(elsewhere.clock.now() + 5_000)
  t.notOk(await isAccepted(token, elsewhere), 'there')
  t.match(await listed(id), { is_active: false, revoked_at: String })
  t.equal((await call('DELETE', `/api/tokens/${id}`)).statusCode, 204, 'once more is no error')
})

t.test('row 46: an expired token is refused from its moment on in every process', async t => {
  const elsewhere = await buildBareApi(t, stores)
  const { id, token } = await create({ name: 'short', scopes: ['read'], expires_at: '2026-11-24T00:00:00Z' })
  t.same([await isAccepted(token), await isAccepted(token, elsewhere)], [true, true])
  const here = api.clock.now()
  t.teardown(() => { api.clock.set(here) })
  for (const { clock } of [api, elsewhere]) clock.set(Date.parse('2026-11-24T00:00:00Z'))
  t.same([await isAccepted(token), await isAccepted(token, elsewhere)], [false, false])
  t.match(await listed(id), { is_active: false, revoked_at: null })
})

t.test('row 46: old and new token both work in the overlap, and then the new one alone', async t => {
  const start = api.clock.now()
  t.teardown(() => { api.clock.set(start) })
  const old = await create({ name: 'host', scopes: ['read', 'write'] })
  const answer = await call('POST', `/api/tokens/${old.id}/rotate`, { overlap_seconds: 60 })
  const { token, replaces, ...record } = answer.json()
  t.equal(answer.statusCode, 201)
  t.match(record, { name: 'host', scopes: ['read', 'write'], expires_at: null, is_active: true })
  t.strictSame(replaces, { id: old.id, expires_at: new Date(start + 60_000).toISOString() })
  t.same([await isAccepted(old.token), await isAccepted(token)], [true, true])
  api.clock.set(start + 59_999)
  t.same([await isAccepted(old.token), await isAccepted(token)], [true, true])
  api.clock.set(start + 60_000)
  t.same([await isAccepted(old.token), await isAccepted(token)], [false, true])
})

t.test('row 46: the overlap ends on time in another process that remembers the old token', async t => {
  const elsewhere = await buildBareApi(t, stores)
  const old = await create()
  t.ok(await isAccepted(old.token, elsewhere))
  await call('POST', `/api/tokens/${old.id}/rotate`, { overlap_seconds: 0 })
  t.notOk(await isAccepted(old.token))
  elsewhere.clock.set(elsewhere.clock.now() + 5_000)
  t.notOk(await isAccepted(old.token, elsewhere))
})

t.test('a rotation without a word takes a day, and 30 days are the most', async t => {
  const { id } = await create()
  const answer = await call('POST', `/api/tokens/${id}/rotate`)
  t.equal(answer.json().replaces.expires_at, new Date(api.clock.now() + 86_400_000).toISOString())
  for (const [overlap, status] of [[30 * 86_400, 201], [30 * 86_400 + 1, 400], [-1, 400]]) {
    const { id } = await create()
    t.equal((await call('POST', `/api/tokens/${id}/rotate`, { overlap_seconds: overlap })).statusCode, status, String(overlap))
  }
})

t.test('a new token lives as long as the old one was made to live, or as is said', async t => {
  const made = await create({ name: 'host', scopes: ['read'], expires_in_days: 10 })
  const { expires_at: expiresAt, created_at: createdAt } = await stores.tokens.findByHash(hashToken(made.token)) as TokenRecord
  const lifetime = Date.parse(String(expiresAt)) - Date.parse(createdAt)
  t.equal((await call('POST', `/api/tokens/${made.id}/rotate`)).json().expires_at, new Date(api.clock.now() + lifetime).toISOString())
  const last = await create({ name: 'host', scopes: ['read'], expires_at: '9999-12-31T23:59:59Z' })
  const here = api.clock.now()
  t.teardown(() => { api.clock.set(here) })
  api.clock.set(Date.now() + 60_000)
  const late = await call('POST', `/api/tokens/${last.id}/rotate`)
  t.same([late.statusCode, late.json().expires_at], [201, '9999-12-31T23:59:59.999Z'], 'no time can be written that is later')
  const { id } = await create()
  const answer = await call('POST', `/api/tokens/${id}/rotate`, { expires_in_days: 1 })
  t.equal(answer.json().expires_at, new Date(api.clock.now() + 86_400_000).toISOString())
})

t.test('what is sent with a revocation is read, and refused where it can not be', async t => {
  const { id } = await create()
  const revoke = async (contentType: string, payload: string): Promise<LightMyRequestResponse> =>
    await api.app.inject({ method: 'DELETE', url: `/api/tokens/${id}`, headers: { authorization: `Token ${admin}`, 'content-type': contentType }, payload })
  t.match((await revoke('text/plain', 'now')).json(), { status: 415, code: 'INS_REQUEST_MEDIA_TYPE' })
  t.match((await revoke('application/json', ' '.repeat(1024 * 1024 + 1))).json(), { status: 413, code: 'INS_REQUEST_TOO_LARGE' })
  t.equal((await revoke('application/json', '{}')).statusCode, 204)
})

t.test('a token that was taken away brings forth no other', async t => {
  const { id } = await create()
  await call('DELETE', `/api/tokens/${id}`)
  const before = (await stores.tokens.list()).length
  const answer = await call('POST', `/api/tokens/${id}/rotate`)
  t.match([answer.statusCode, answer.json().code], [409, 'INS_TOKEN_INACTIVE'])
  t.equal((await stores.tokens.list()).length, before)
})

t.test('a token revoked in the middle of its rotation leaves no valid one behind', async t => {
  const { id, token } = await create()
  const revokingFirst = { ...stores.tokens, expire: async (id: string, at: string) => { await stores.tokens.revoke(id); return await stores.tokens.expire(id, at) } }
  const racing = await buildBareApi(t, { ...stores, tokens: revokingFirst })
  const answer = await call('POST', `/api/tokens/${id}/rotate`, undefined, admin, racing)
  t.equal(answer.json().code, 'INS_TOKEN_INACTIVE')
  const active = (await stores.tokens.list()).filter(record => record.revoked_at === null)
  const made = (await stores.tokens.list()).at(-1)
  t.notOk(active.some(record => record.id === made?.id))
  t.notOk(await isAccepted(token))
})

t.test('an id that no token has is a 404 that does not repeat it', async t => {
  const { token } = await create()
  for (const id of ['0123456789abcdef', 'nobody', token, hashToken(token), '%25']) {
    for (const [method, path] of [['DELETE', ''], ['POST', '/rotate']] as const) {
      const answer = await call(method, `/api/tokens/${id}${path}`)
      t.match([answer.statusCode, answer.json().code], [404, 'INS_TOKEN_UNKNOWN'], `${method} ${id}`)
      t.notMatch(answer.payload, id)
    }
  }
  t.ok(await isAccepted(token))
})

t.test('a token can not take itself away when no other one could make tokens', async t => {
  const others = (await stores.tokens.list()).filter(({ scopes, hash }) => scopes.includes('admin') && hash !== hashToken(admin))
  for (const { id } of others) await stores.tokens.revoke(id)
  const own = `/api/tokens/${tokenIdOf(hashToken(admin))}`
  t.equal((await call('DELETE', own)).json().code, 'INS_TOKEN_LAST_ADMIN')
  await addToken(stores, ['admin'], '2020-01-01T00:00:00.000Z')
  t.equal((await call('DELETE', own)).statusCode, 409, 'one that has expired does not count')
  const second = await addToken(stores, ['admin'])
  t.equal((await call('DELETE', own)).statusCode, 204)
  t.equal((await call('GET', '/api/tokens')).statusCode, 401)
  t.equal((await call('GET', '/api/tokens', undefined, second)).statusCode, 200)
})
