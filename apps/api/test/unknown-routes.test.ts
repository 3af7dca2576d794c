import { t } from 'tap'
import { buildBareApi, noStores } from './build-test-api.js'

const { app } = await buildBareApi(t, noStores)

const RESOURCES: Array<[url: string, allow: string]> = [
  ['/api/user_insights', 'GET, HEAD, OPTIONS, POST'],
  ['/api/user_insights/bulk', 'OPTIONS, POST'],
  ['/api/user_insights/export', 'GET, HEAD, OPTIONS'],
  ['/api/user_insights/7', 'DELETE, GET, HEAD, OPTIONS, PATCH, PUT'],
  ['/api/user_insights/7/receipt', 'GET, HEAD, OPTIONS'],
  ['/api/user_insights/7/refresh', 'GET, HEAD, OPTIONS, POST'],
  ['/api/user_insights/7/score', 'GET, HEAD, OPTIONS'],
  ['/api/tokens', 'GET, HEAD, OPTIONS, POST'],
  ['/api/tokens/0123456789abcdef', 'DELETE, OPTIONS'],
  ['/api/tokens/0123456789abcdef/rotate', 'OPTIONS, POST'],
  ['/livez', 'GET, HEAD, OPTIONS'],
  ['/readyz', 'GET, HEAD, OPTIONS'],
  ['/openapi.json', 'GET, HEAD, OPTIONS']
]
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'QUERY', 'PROPFIND'] as const

t.test('a method that a resource lacks is a 405 that names those it has, with and without a token', async t => {
  for (const [url, allow] of RESOURCES) {
    for (const method of METHODS.filter(method => !allow.split(', ').includes(method))) {
      for (const request of [{ method: method as 'PUT', url }, { method: method as 'PUT', url: `${url}/?a=b`, headers: { authorization: 'Token x' } }]) {
        const answer = await app.inject(request)
        t.equal(answer.statusCode, 405, `${method} ${request.url}`)
        t.equal(answer.headers.allow, allow)
        if (method !== 'HEAD') t.match(answer.json(), { code: 'INS_ROUTE_METHOD', status: 405 })
      }
    }
  }
})

t.test('OPTIONS answers with the methods and nothing else', async t => {
  for (const [url, allow] of RESOURCES) {
    const answer = await app.inject({ method: 'OPTIONS', url })
    t.equal(answer.statusCode, 204)
    t.equal(answer.headers.allow, allow)
    t.equal('accept-patch' in answer.headers, allow.includes('PATCH'))
    t.equal(answer.payload, '')
  }
})

t.test('a path that nothing is under is a 404, whatever the method', async t => {
  const paths = ['/', '/api', '/api/', '/api/user_insights/7/nothing', '/api/user_insight', '/API/user_insights', '//', '/livez/x', '/%2e%2e', '/a?b=/livez']
  for (const url of paths) {
    for (const method of [...METHODS, 'OPTIONS']) {
      const answer = await app.inject({ method: method as 'GET', url })
      t.equal(answer.statusCode, 404, `${method} ${url}`)
      t.equal(answer.headers.allow, undefined)
      if (method !== 'HEAD') t.match(answer.json(), { code: 'INS_ROUTE_UNKNOWN', status: 404, request_id: answer.headers['x-request-id'] })
    }
  }
})

t.test('the body of a request that no route takes is not looked at', async t => {
  for (const [url, status] of [['/nothing', 404], ['/api/user_insights/7/refresh', 405]] as const) {
    const answer = await app.inject({ method: 'PUT', url, payload: '{"a":', headers: { 'content-type': 'text/x-unknown' } })
    t.equal(answer.statusCode, status)
  }
})
