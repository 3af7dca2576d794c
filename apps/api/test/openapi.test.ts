import { Type } from '@sinclair/typebox'
import fastify from 'fastify'
import { t } from 'tap'
import { buildOpenApiDocument } from '../src/index.js'
import { describe, type RouteDescription } from '../src/openapi/describe.js'
import { openApiOptions } from '../src/openapi/document.js'
import { openApi } from '../src/plugins/openapi.js'
import { answer, named, responses, bodyCodes } from '../src/routes/answer-schemas.js'
import { buildBareApi, noStores } from './build-test-api.js'

type Json = Record<string, any>

const example = { summary: 'A thing', status: 200, answer: { name: 'a' } }
const whole = describe({
  operationId: 'getThing',
  summary: 'Read a thing',
  tags: ['insights'],
  response: responses({ 200: answer('The thing', Type.Object({ name: Type.String() })) }, []),
  examples: { one: example }
})

const ALWAYS = ['x-request-id', 'cache-control', 'x-content-type-options', 'vary']

/** The document of an app that has the given route alone. */
async function documentOf (
  schema: object | undefined, config: object = { scope: 'read' }, url = '/things', method = Object(schema).body === undefined ? 'GET' : 'POST'
): Promise<Json> {
  const app = fastify()
  await app.register(openApi)
  app.route({ method, url, ...(schema !== undefined && { schema }), config, validatorCompiler: () => () => true, handler: async () => ({}) })
  await app.ready()
  return app.swagger()
}

t.test('a route that does not say what the document needs stops it, and every lack is named', async t => {
  const faulty: Array<[what: string, schema: object | undefined, fault: RegExp, config?: object, url?: string, method?: string]> = [
    ['nothing at all', undefined, /needs an operationId(.|\n)*needs a summary(.|\n)*needs one tag(.|\n)*can be answered with 400(.|\n)*needs an example/],
    ['no operationId', { ...whole, operationId: undefined }, /needs an operationId in camel case/],
    ['an operationId twice', { ...whole, operationId: 'getOpenApi' }, /has an operationId that is there twice/],
    ['no summary', { ...whole, summary: '' }, /needs a summary/],
    ['a summary with a full stop', { ...whole, summary: 'Read a thing.' }, /needs a summary/],
    ['no tag', { ...whole, tags: [] }, /needs one tag/],
    ['no scope', whole, /needs config.scope/, {}],
    ['a parameter of the path', whole, /has :id in its path/, undefined, '/things/:id'],
    ['a status that every request can have', { ...whole, response: { 200: whole.response[200] } }, /can be answered with 429/],
    ['a status of bodies', { ...whole, body: Type.Object({}) }, /can be answered with 413: .*bodyCodes(.|\n)*415/],
    ['the same where a body is not asked for', whole, /can be answered with 413(.|\n)*415/, undefined, undefined, 'DELETE'],
    ['what its answer is', { ...whole, response: responses({ 200: Type.Object({}) }, []) }, /does not say what its 200 is/],
    ['the codes of a status', { ...whole, response: { ...whole.response, 404: Type.Object({}) } }, /does not say what its 404 is/],
    ['a success', { ...whole, response: responses({}, []), examples: {} }, /has no answer that is a success/],
    ['an example', { ...whole, examples: {} }, /needs an example of a request that succeeds/],
    ['a name in kebab case', { ...whole, examples: { oneThing: example } }, /example oneThing whose name is not in kebab case/],
    ['the status of an example', { ...whole, examples: { one: example, two: { ...example, status: 418 } } }, /example two with the status 418/],
    ['the body of an example', { ...whole, examples: { one: { ...example, body: {} } } }, /example one with a body/]
  ]
  for (const [what, schema, fault, config, url, method] of faulty) {
    await t.rejects(documentOf(schema, config, url, method), { message: fault }, what)
  }
})

t.test('a route that is no part of the API says so', async t => {
  const { paths } = await documentOf({ hide: true }, {})
  t.same(Object.keys(paths), ['/openapi.json'])
})

t.test('a route that says what is needed is documented with all that its helpers add', async t => {
  const body = named('Thing', Type.Object({ tags: Type.Array(Type.String()), size: Type.Integer(), id: Type.Optional(Type.Unknown({ readOnly: true })) }))
  const { paths, components } = await documentOf({
    ...whole,
    body,
    requestHeaders: ['if-match'],
    response: responses({ 200: answer('The thing', Type.Object({ name: Type.String() }), { headers: ['etag'] }) }, [...bodyCodes, 'INS_INSIGHT_CHANGED']),
    examples: { one: { ...example, headers: { 'if-match': '"7"' }, body: { tags: [], size: 1 } } }
  })
  const operation = paths['/things'].post
  t.same(operation.security, [{ token: ['read'] }, { bearer: ['read'] }])
  t.same(Object.keys(operation.responses).map(Number), [200, 400, 401, 403, 408, 412, 413, 415, 429, 431, 500, 503])
  t.same(Object.keys(operation.responses[200].headers), ['etag', 'ratelimit-policy', 'ratelimit', ...ALWAYS])
  t.match(operation.parameters, [{ name: 'if-match', in: 'header', required: false, examples: { one: { value: '"7"' } } }])
  t.same(Object.keys(operation.requestBody.content), ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data'])
  t.same(operation.requestBody.content['application/json'].schema, { $ref: '#/components/schemas/Thing' })
  t.match(components.schemas.ThingForm.properties, { tags: { type: 'string', contentMediaType: 'application/json' }, size: { type: 'integer' } })
  t.notOk('id' in components.schemas.ThingForm.properties, 'what has no effect is not in the form')
  t.same(Object.keys(components.responses['INS_RATE_LIMITED.limited'].headers), ['retry-after', 'ratelimit-policy', 'ratelimit', ...ALWAYS])
  t.same(components.responses['INS_AUTH_MISSING.INS_AUTH_INVALID'].headers['www-authenticate'], { $ref: '#/components/headers/www-authenticate' })
})

t.test('what a route says of a header goes before what is said of it in general', async t => {
  const { paths } = await documentOf({
    ...whole, response: responses({ 200: answer('The thing', Type.Object({}), { headers: ['etag.model', 'cache-control.model'] }) }, [])
  })
  const { headers } = paths['/things'].get.responses[200]
  t.same(Object.keys(headers), ['etag', 'cache-control', 'ratelimit-policy', 'ratelimit', ...ALWAYS.filter(name => name !== 'cache-control')])
  t.same([headers.etag.$ref, headers['cache-control'].$ref], ['#/components/headers/etag.model', '#/components/headers/cache-control.model'])
})

t.test('two different schemas can not share a name', async t => {
  const withAnswer = (schema: ReturnType<typeof Type.Object>): RouteDescription['response'] => ({
    200: answer('One', named('Thing', Type.Object({}))), 201: answer('Two', named('Thing', schema))
  })
  await t.rejects(documentOf({ ...whole, response: responses(withAnswer(Type.Object({ a: Type.String() })), []) }), { message: 'Two schemas have the name Thing' })
  await t.resolves(documentOf({ ...whole, response: responses(withAnswer(Type.Object({})), []) }))
})

t.test('no reference leads nowhere, and nothing that is only for us is shown', async t => {
  const document: Json = await buildOpenApiDocument()
  const text = JSON.stringify(document)
  const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path)
  t.ok(references.length > 50)
  for (const path of new Set(references)) {
    t.not(path.split('/').reduce<any>((value, key) => value?.[key], document), undefined, path)
  }
  t.notMatch(text, /x-(component|answer|codes)/)
})

t.test('it is served to everybody, and is the same with every setting', async t => {
  const { app } = await buildBareApi(t, noStores, { rateLimitPerMinute: 5 })
  const answered = await app.inject('/openapi.json')
  t.equal(answered.statusCode, 200)
  const whole: Json = await buildOpenApiDocument()
  const { '/metrics': metrics, '/api/platforms': platforms, '/api/user_insights/{id}/history': history, ...paths } = whole['paths']
  t.ok(metrics && platforms && history)
  t.strictSame(answered.json().paths, paths, 'only what is not there is not shown')
})

t.test('each document starts anew', async t => {
  t.not(openApiOptions(), openApiOptions())
  t.strictSame(await buildOpenApiDocument(), await buildOpenApiDocument())
})
