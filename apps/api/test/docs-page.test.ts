import type { Scope } from '@insights/shared'
import type { LightMyRequestResponse } from 'fastify'
import { t } from 'tap'
import { addToken, buildBareApi, openTestStores } from './build-test-api.js'

const stores = await openTestStores(t)
const reader = await addToken(stores, ['read'])
const { app } = await buildBareApi(t, stores)

const basic = (token: string): string => `Basic ${Buffer.from(`anybody:${token}`).toString('base64')}`

async function ask (url: string, authorization = basic(reader)): Promise<LightMyRequestResponse> {
  return await app.inject({ url, headers: { ...(authorization !== '' && { authorization }) } })
}

t.test('the page and everything that it loads is served from here', async t => {
  for (const url of ['/docs', '/docs/']) {
    const page = await ask(url)
    t.equal(page.statusCode, 200)
    t.match(page.headers['content-type'], /^text\/html/)
    const links = [...page.payload.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, link = '']) => new URL(link, `http://here${url}`))
    t.ok(links.length >= 5, `${links.length} links`)
    for (const { host, pathname } of links) {
      t.equal(host, 'here', 'nothing from elsewhere')
      t.equal((await ask(pathname)).statusCode, 200, pathname)
    }
    t.notMatch(page.payload, /<script>|<style>|\son\w+=/, 'nothing that its policy would refuse')
  }
})

t.test('the document that it shows is the one that is served to programs', async t => {
  t.strictSame((await ask('/docs/json')).json(), (await app.inject('/openapi.json')).json())
})

t.test('nothing from outside is loaded, no request is turned into HTTPS, and the page can not be framed', async t => {
  for (const url of ['/docs', '/docs/static/swagger-ui.css', '/docs/json', '/docs/static/missing.js']) {
    const policy = String((await ask(url)).headers['content-security-policy'])
    t.match(policy, /^default-src 'none'; /, url)
    t.match(policy, /frame-ancestors 'none'/, url)
    t.notMatch(policy, /https?:|\*|upgrade-insecure-requests|script-src[^;]*unsafe/, url)
  }
})

t.test('a browser is asked to sign in', async t => {
  for (const url of ['/docs', '/docs/', '/docs/json', '/docs/static/swagger-ui.css', '/docs/static/missing.js']) {
    for (const authorization of ['', basic('wrong'), 'Token wrong']) {
      const answer = await ask(url, authorization)
      t.equal(answer.statusCode, 401, `${url} ${authorization}`)
      t.equal(answer.headers['www-authenticate'], 'Basic realm="insights"')
    }
  }
})

t.test('every scheme opens it for the scope read, and other scopes do not', async t => {
  for (const authorization of [basic(reader), `Token ${reader}`, `Bearer ${reader}`, basic(await addToken(stores, ['admin']))]) {
    t.equal((await ask('/docs', authorization)).statusCode, 200)
  }
  const scopes: Scope[] = ['write', 'metrics']
  const answer = await ask('/docs', basic(await addToken(stores, scopes)))
  t.match([answer.statusCode, answer.json().code], [403, 'INS_AUTH_SCOPE'])
})

t.test('a file that the page does not have is a problem like any other', async t => {
  const answer = await ask('/docs/static/missing.js')
  t.match([answer.statusCode, answer.json().code], [404, 'INS_ROUTE_UNKNOWN'])
  t.match(answer.headers['content-type'], /^application\/problem\+json/)
})
