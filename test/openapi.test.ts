import { createAnswerCheck, createApiClient, startService, type ApiClient } from '@insights/testkit'
import { makeDataDirectory } from '@insights/testkit/data-directory'
import { t } from 'tap'
import { EXAMPLE_2 } from './support/artists.js'
import { DOCUMENT, documentedExamples, type DocumentedExample } from './support/documented-examples.js'

const ADMIN = 'a-token-for-the-documented-examples'

const service = await startService({ node: ['apps/standalone/dist/main.js'], env: { DATA_DIR: await makeDataDirectory(t), BOOTSTRAP_TOKEN: ADMIN } })
t.teardown(async () => { await service.end('SIGKILL') })
const api = createApiClient(service.url, ADMIN)
const findDeviations = createAnswerCheck(DOCUMENT)
const ids = await setTheScene(api)

/**
 * What the examples speak of: insight 1 is the artist whose counts are known; 2 to 5 have neither works nor accounts,
 * for examples that change or erase, and 6 was erased. The ids of tokens are random: those of the document stand for these two.
 */
async function setTheScene (api: ApiClient): Promise<Record<string, string>> {
  for (const fields of [EXAMPLE_2, {}, {}, {}, {}, {}]) await api.post('/api/user_insights', fields)
  for (const id of [1, 2, 3, 4, 5]) await api.refreshed(id)
  await api.delete('/api/user_insights/6')
  const tokenFor = async (name: string): Promise<string> => String((await api.post('/api/tokens', { name, scopes: ['read'] })).body.id)
  return { '0123456789abcdef': await tokenFor('for-rotating'), '1f2e3d4c5b6a7980': await tokenFor('for-revoking') }
}

/** A value without what differs from run to run: times, random texts, and the ids of what an example makes. */
function comparable (value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)
    .replace(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"a time"')
    .replace(/"[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}"/g, '"a uuid"')
    .replace(/"ins_[\w-]+"/g, '"a token"')
    .replace(/"[\da-f]{16}"/g, '"the id of a token"')
    .replace(/("removed":\{[^}]*\},"hash":)"[\da-f]{64}"/g, '$1"a hash"')
    .replace(/"(id|used|left|left_for_planned)":\d+/g, '"$1":"a number"'))
}

interface Sent {
  status: number
  headers: Headers
  text: string
  /** Where it is another answer than the document has. */
  deviations: string[]
}

type Request = Pick<DocumentedExample, 'method' | 'path' | 'headers' | 'body' | 'scope'>

async function send ({ method, path, headers, body, scope }: Request): Promise<Sent> {
  const actual = Object.entries(ids).reduce((text, [shown, id]) => text.replace(shown, id), path)
  const response = await fetch(service.url + actual, {
    method,
    headers: {
      ...(scope !== null && { authorization: `Token ${ADMIN}` }),
      ...(body !== null && { 'content-type': body.mediaType }),
      ...headers
    },
    ...(body !== null && { body: typeof body.value === 'string' ? body.value : JSON.stringify(body.value) })
  })
  const { status } = response
  const text = await response.text()
  const deviations = findDeviations({ method, url: actual, status, headers: Object.fromEntries(response.headers), body: text })
  return { status, headers: response.headers, text, deviations }
}

/** NDJSON is compared line by line: what differs is in its lines. */
function parse (text: string, mediaType: string): unknown {
  if (mediaType.endsWith('ndjson')) return text.trimEnd().split('\n').map(line => JSON.parse(line))
  return mediaType.endsWith('json') ? JSON.parse(text) : text
}

const examples = documentedExamples()
const operations = Object.entries<Record<string, { operationId: string }>>(DOCUMENT['paths']).flatMap(([path, item]) =>
  Object.entries(item).map(([method, { operationId }]) => ({ path, method: method.toUpperCase(), id: operationId })))

for (const example of examples) {
  t.test(`${example.method} ${example.path} (${example.name}) is answered as it is documented`, async t => {
    const answer = await send(example)
    t.ok(example.statuses.includes(answer.status), `${answer.status} ${answer.text.slice(0, 500)}`)
    t.same(answer.deviations, [])
    if (example.answerType === null) return
    t.equal(answer.headers.get('content-type')?.split(';')[0], example.answerType)
    t.strictSame(comparable(parse(answer.text, example.answerType)), comparable(typeof example.answer === 'string' ? parse(example.answer, example.answerType) : example.answer))
  })
}

t.test('what is refused is refused as it is documented', async t => {
  const json = (value: string): Request['body'] => ({ mediaType: 'application/json', value })
  const text = (value: string): Request['body'] => ({ mediaType: 'text/plain', value })
  const requests: Array<[status: number, request: Pick<Request, 'method' | 'path'> & Partial<Request>]> = [
    [415, { method: 'DELETE', path: '/api/user_insights/1', body: text('now') }],
    [415, { method: 'DELETE', path: '/api/tokens/1', body: text('now') }],
    [412, { method: 'DELETE', path: '/api/user_insights/1', headers: { 'if-match': '"99"' } }],
    [412, { method: 'PATCH', path: '/api/user_insights/1', headers: { 'if-match': '"99"' }, body: json('{}') }],
    [415, { method: 'PATCH', path: '/api/user_insights/1', body: text('now') }],
    [400, { method: 'POST', path: '/api/user_insights', body: json('{') }],
    [400, { method: 'POST', path: '/api/score', body: json('{"connects":-1}') }],
    [415, { method: 'POST', path: '/api/user_insights/bulk', body: json('{}') }],
    [404, { method: 'POST', path: '/api/user_insights/999999/refresh' }],
    [404, { method: 'GET', path: '/api/models/none' }],
    [401, { method: 'GET', path: '/api/models', scope: null }],
    [401, { method: 'GET', path: '/metrics', scope: null }],
    [400, { method: 'GET', path: '/api/user_insights?limit=0' }]
  ]
  for (const [status, request] of requests) {
    const answer = await send({ headers: {}, body: null, scope: 'admin', ...request })
    t.same([answer.status, answer.deviations], [status, []], `${request.method} ${request.path}`)
  }
})

t.test('every answer that has a body is compared, but for two that change by themselves', async t => {
  const notShown = examples.filter(({ answerType, statuses }) => answerType === null && !statuses.some(status => status === 204 || status === 304))
  t.same(notShown.map(({ path }) => path).sort(), ['/metrics', '/openapi.json'])
})

/** What every answer has anew. */
const OF_ONE_ANSWER = new Set(['date', 'x-request-id', 'ratelimit', 'connection', 'keep-alive', 'transfer-encoding'])

/** Of a text that is longer each time, the length is too. */
const headersOf = (answer: { headers: Headers }, path: string): unknown => [...answer.headers]
  .filter(([name]) => !OF_ONE_ANSWER.has(name) && !(path === '/metrics' && name === 'content-length'))

t.test('HEAD answers with the status and the headers of GET, and without a body', async t => {
  const reads = examples.filter(({ method }) => method === 'GET')
  t.same(new Set(reads.map(({ operationId }) => operationId)), new Set(operations.filter(({ method }) => method === 'GET').map(({ id }) => id)))
  for (const example of reads) {
    const [get, head] = [await send(example), await send({ ...example, method: 'HEAD' })]
    t.equal(head.status, get.status, example.path)
    t.strictSame(headersOf(head, example.path), headersOf(get, example.path), example.path)
    t.equal(head.text, '')
  }
})

t.test('OPTIONS answers with the methods of each path, and any other method is a 405 that names them', async t => {
  for (const path of new Set(operations.map(({ path }) => path))) {
    const methods = operations.filter(operation => operation.path === path).map(({ method }) => method)
    const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].sort()
    const url = service.url + path.replace(/\{\w+\}/, '1')
    for (const method of ['OPTIONS', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'].filter(method => method === 'OPTIONS' || !allow.includes(method))) {
      const { status, headers } = await fetch(url, { method })
      t.equal(status, method === 'OPTIONS' ? 204 : 405, `${method} ${path}`)
      t.equal(headers.get('allow'), allow.join(', '), `${method} ${path}`)
    }
  }
})

t.test('what is served is what is documented, and nobody has to sign in for it', async t => {
  const response = await fetch(`${service.url}/openapi.json`)
  t.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
  t.strictSame(await response.json(), DOCUMENT)
})
