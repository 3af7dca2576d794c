import { t } from 'tap'
import { anyToken, buildBareApi, noStores } from './build-test-api.js'

const ORIGIN = 'https://app.example'
const { app } = await buildBareApi(t, noStores, { corsOrigins: [ORIGIN, 'http://localhost:8080'] })
const url = '/api/user_insights/7'

t.test('without origins no page of another one is let in, whatever it asks', async t => {
  const { app } = await buildBareApi(t, noStores)
  for (const request of [{ url }, { url, method: 'OPTIONS', headers: { 'access-control-request-method': 'PUT' } }] as const) {
    const { headers } = await app.inject({ ...request, headers: { origin: ORIGIN, ...('headers' in request ? request.headers : {}) } })
    t.same(Object.keys(headers).filter(name => name.startsWith('access-control') || name === 'vary'), [])
  }
})

t.test('a page of a named origin reads every answer, errors and their headers included', async t => {
  for (const origin of [ORIGIN, 'http://localhost:8080']) {
    for (const [path, status] of [[url, 401], ['/nothing', 404], ['/livez', 200], ['/openapi.json', 200]] as const) {
      const { statusCode, headers } = await app.inject({ url: path, headers: { origin } })
      t.equal(statusCode, status, path)
      t.equal(headers['access-control-allow-origin'], origin)
      t.match(headers['access-control-expose-headers'], /x-request-id.*retry-after.*etag.*idempotency-replayed/)
      t.equal(headers.vary, 'Origin')
      t.equal(headers['access-control-allow-credentials'], undefined, 'the sign-in of the browser stays out of it')
    }
  }
})

t.test('a preflight is answered with what the API understands', async t => {
  const { statusCode, headers, payload } = await app.inject({
    method: 'OPTIONS', url, headers: { origin: ORIGIN, 'access-control-request-method': 'PATCH', 'access-control-request-headers': 'authorization, if-match' }
  })
  t.match([statusCode, payload], [204, ''])
  t.match(headers['access-control-allow-methods'], /PATCH/)
  t.match(headers['access-control-allow-headers'], /authorization, content-type, idempotency-key, .*if-match/)
  t.equal(headers['access-control-max-age'], '600')
  t.match(headers.allow, /GET/)
})

t.test('any other origin is told nothing, and caches are told that the answer depends on it', async t => {
  for (const origin of ['https://app.example.evil.example', 'http://app.example', 'https://APP.example', 'null', '*', 'https://app.example/']) {
    const { headers } = await app.inject({ method: 'OPTIONS', url, headers: { origin, 'access-control-request-method': 'PUT' } })
    t.same(Object.keys(headers).filter(name => name.startsWith('access-control')), [], origin)
    t.equal(headers.vary, 'Origin')
  }
  t.equal((await app.inject(url)).headers.vary, 'Origin', 'also where none was sent')
})

t.test('OPTIONS without a preflight says what there is, and nothing of origins', async t => {
  const { statusCode, headers } = await app.inject({ method: 'OPTIONS', url, headers: { origin: ORIGIN } })
  t.equal(statusCode, 204)
  t.equal(headers['access-control-allow-methods'], undefined)
})

t.test('what an answer depends on besides is still said', async t => {
  const { app } = await buildBareApi(t, { ...noStores, tokens: anyToken }, { corsOrigins: [ORIGIN] })
  const { statusCode, headers } = await app.inject({
    method: 'HEAD', url: '/api/user_insights/export', headers: { origin: ORIGIN, authorization: 'Token any' }
  })
  t.equal(statusCode, 200)
  t.equal(headers.vary, 'accept, Origin')
})
