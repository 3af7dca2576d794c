import { createApiClient, startService, type ApiClient } from '@insights/testkit'
import { makeDataDirectory } from '@insights/testkit/data-directory'
import { t } from 'tap'
import { EXAMPLE_2 } from './support/artists.js'
import { DOCUMENT, documentedExamples, type DocumentedExample } from './support/documented-examples.js'

const ADMIN = 'a-token-for-the-documented-examples'

const service = await startService({ node: ['apps/standalone/dist/main.js'], env: { DATA_DIR: await makeDataDirectory(t.testdir()), BOOTSTRAP_TOKEN: ADMIN } })
t.teardown(() => { service.child.kill('SIGKILL') })
const api = createApiClient(service.url, ADMIN)
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
    .replace(/"id":\d+/g, '"id":"a number"'))
}

async function send ({ method, path, headers, body, scope }: DocumentedExample): Promise<{ status: number, headers: Headers, text: string }> {
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
  return { status: response.status, headers: response.headers, text: await response.text() }
}

const examples = documentedExamples()

for (const example of examples) {
  t.test(`${example.method} ${example.path} (${example.name}) is answered as it is documented`, async t => {
    const answer = await send(example)
    t.ok(example.statuses.includes(answer.status), `${answer.status} ${answer.text.slice(0, 500)}`)
    for (const header of example.answerHeaders(answer.status)) t.ok(answer.headers.has(header), `it has ${header}`)
    if (example.answer === undefined) return
    const isText = typeof example.answer === 'string'
    t.strictSame(comparable(isText ? answer.text : JSON.parse(answer.text)), comparable(example.answer))
  })
}

t.test('every call has an example', async t => {
  const operations = Object.values(DOCUMENT['paths']).reduce((count: number, item) => count + Object.keys(item as object).length, 0)
  t.ok(examples.length >= operations, `${examples.length} examples of ${operations} calls`)
  t.ok(operations >= 12, `${operations} calls`)
})

t.test('what is served is what is documented, and nobody has to sign in for it', async t => {
  const response = await fetch(`${service.url}/openapi.json`)
  t.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
  t.strictSame(await response.json(), DOCUMENT)
})
