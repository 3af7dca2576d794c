import fc from 'fast-check'
import type { LightMyRequestResponse } from 'fastify'
import { t, type Test } from 'tap'
import { buildTestApi, openTestStores } from './build-test-api.js'

const stores = await openTestStores(t)
const api = await buildTestApi(t, stores)
const path = '/api/user_insights/'
const work = { item_id: 'a', source_type: 1, is_individual_work: true, in_app_plays: 1 }

interface BadBody {
  name: string
  /** Sent as it is when it is text, otherwise as JSON. */
  body: unknown
  contentType?: string
  status?: number
  code?: string
  /** The faults that must be named; `[]` = the body as such can not be read. */
  faults: Array<[pointer: string, code: string]>
}

const works = (...parts: object[]): object => ({ works: parts.map(part => ({ ...work, ...part })) })
const text = (length: number): string => 'x'.repeat(length)
const malformed = { code: 'INS_REQUEST_MALFORMED', faults: [] }
const mediaType = { status: 415, code: 'INS_REQUEST_MEDIA_TYPE', faults: [] }

const BAD_BODIES: BadBody[] = [
  { name: 'text for a flag', body: { has_about: 'true' }, faults: [['/has_about', 'type']] },
  { name: 'a number for a flag', body: { has_about: 1 }, faults: [['/has_about', 'type']] },
  { name: 'text for a number', body: { connects: '5' }, faults: [['/connects', 'type']] },
  { name: 'a list for a number', body: { connects: [5] }, faults: [['/connects', 'type']] },
  { name: 'a number for an external id', body: { external_id: 5 }, faults: [['/external_id', 'type']] },
  { name: 'a number for a handle', body: { twitter_handle: 5 }, faults: [['/twitter_handle', 'type']] },
  { name: 'an object for a handle', body: { instagram_handle: { $ne: 1 } }, faults: [['/instagram_handle', 'type']] },
  { name: 'an object for the works', body: { works: {} }, faults: [['/works', 'type']] },
  { name: 'text for the works', body: { works: '[]' }, faults: [['/works', 'type']] },
  { name: 'text for a work', body: { works: ['a'] }, faults: [['/works/0', 'type']] },
  { name: 'a negative number', body: { profile_views: -1 }, faults: [['/profile_views', 'range']] },
  { name: 'a negative number in a work', body: works({ in_app_plays: -1 }), faults: [['/works/0/in_app_plays', 'range']] },
  { name: 'a fraction', body: { number_of_roles: 1.5 }, faults: [['/number_of_roles', 'type']] },
  { name: '1e400', body: '{"number_of_acts":1e400}', faults: [['/number_of_acts', 'range']] },
  { name: '-1e400', body: '{"number_of_acts":-1e400}', faults: [['/number_of_acts', 'range']] },
  { name: '2^53', body: '{"connects":9007199254740992}', faults: [['/connects', 'range']] },
  { name: '2^53 + 1', body: '{"connects":9007199254740993}', faults: [['/connects', 'range']] },
  { name: '2^53 + 1 as page id', body: '{"facebook_page_id":9007199254740993}', faults: [['/facebook_page_id', 'range']] },
  { name: '1e400 as page id', body: '{"facebook_page_id":1e400}', faults: [['/facebook_page_id', 'range']] },
  { name: 'a fraction as page id', body: { facebook_page_id: 1.5 }, faults: [['/facebook_page_id', 'type']] },
  { name: 'a negative page id', body: { facebook_page_id: -1 }, faults: [['/facebook_page_id', 'range']] },
  { name: 'a negative page id as text', body: { facebook_page_id: '-1' }, faults: [['/facebook_page_id', 'format']] },
  { name: 'no digits as page id', body: { facebook_page_id: 'gigpro' }, faults: [['/facebook_page_id', 'format']] },
  { name: 'an empty page id', body: { facebook_page_id: '' }, faults: [['/facebook_page_id', 'format']] },
  { name: '21 digits as page id', body: { facebook_page_id: '1'.repeat(21) }, faults: [['/facebook_page_id', 'format']] },
  { name: 'a flag as page id', body: { facebook_page_id: true }, faults: [['/facebook_page_id', 'type']] },
  { name: 'null for a flag', body: { has_about: null }, faults: [['/has_about', 'type']] },
  { name: 'null for a number', body: { connects: null }, faults: [['/connects', 'type']] },
  { name: 'null for the works', body: { works: null }, faults: [['/works', 'type']] },
  { name: 'null for a work', body: { works: [null] }, faults: [['/works/0', 'type']] },
  {
    name: 'null in a work',
    body: works({ item_id: null, source_type: null }),
    faults: [['/works/0/item_id', 'type'], ['/works/0/source_type', 'type']]
  },
  { name: 'an unknown field', body: { twiter_handle: 'a' }, faults: [['/twiter_handle', 'unknown_field']] },
  { name: 'an unknown field with slash and tilde', body: { 'a/b~c': 1 }, faults: [['/a~1b~0c', 'unknown_field']] },
  { name: 'an unknown field of a work', body: works({ title: 'a' }), faults: [['/works/0/title', 'unknown_field']] },
  { name: '__proto__', body: '{"__proto__":{"connects":5}}', faults: [['/__proto__', 'unknown_field']] },
  { name: '__proto__ written with escapes', body: '{"\\u005f_proto__":null}', faults: [['/__proto__', 'unknown_field']] },
  { name: '__proto__ in a work', body: '{"works":[{"__proto__":{}}]}', faults: [['/works/0/__proto__', 'unknown_field']] },
  { name: '__proto__ in a read-only field', body: '{"id":{"__proto__":{}}}', faults: [['/id/__proto__', 'unknown_field']] },
  { name: 'constructor.prototype', body: '{"constructor":{"prototype":{}}}', faults: [['/constructor', 'unknown_field']] },
  { name: 'constructor', body: '{"constructor":1,"toString":2}', faults: [['/constructor', 'unknown_field'], ['/toString', 'unknown_field']] },
  { name: 'the same work twice', body: works({}, { in_app_plays: 2 }), faults: [['/works/1', 'duplicate']] },
  { name: 'an empty external id', body: { external_id: '' }, faults: [['/external_id', 'length']] },
  { name: 'an external id of 256 characters', body: { external_id: text(256) }, faults: [['/external_id', 'length']] },
  { name: 'an empty item_id', body: works({ item_id: '' }), faults: [['/works/0/item_id', 'length']] },
  { name: 'an item_id of 256 characters', body: works({ item_id: text(256) }), faults: [['/works/0/item_id', 'length']] },
  { name: 'a handle of 256 characters', body: { twitter_handle: text(256) }, faults: [['/twitter_handle', 'length']] },
  { name: 'a very long handle', body: { twitter_handle: text(500_000) }, faults: [['/twitter_handle', 'length']] },
  { name: 'source_type 3', body: works({ source_type: 3 }), faults: [['/works/0/source_type', 'value']] },
  { name: 'source_type as text', body: works({ source_type: '1' }), faults: [['/works/0/source_type', 'type']] },
  {
    name: 'a work without anything',
    body: { works: [{}] },
    faults: ['item_id', 'source_type', 'is_individual_work', 'in_app_plays'].map(name => [`/works/0/${name}`, 'required'])
  },
  { name: '10,000 works', body: works(...Array.from({ length: 10_000 }, (_, i) => ({ item_id: `${i}` }))), faults: [['/works', 'length']] },
  { name: '501 works', body: works(...Array.from({ length: 501 }, (_, i) => ({ item_id: `${i}` }))), faults: [['/works', 'length']] },
  { name: 'half of a surrogate pair', body: '{"twitter_handle":"a\\ud83d"}', faults: [['/twitter_handle', 'characters']] },
  { name: 'the other half', body: '{"works":[{"item_id":"\\ude00"}]}', faults: [['/works/0/item_id', 'characters']] },
  { name: 'NUL in an external id', body: { external_id: 'a\0' }, faults: [['/external_id', 'characters']] },
  { name: 'NUL in a text', body: works({ item_id: 'a\0' }), faults: [['/works/0/item_id', 'characters']] },
  { name: 'a NUL byte in JSON', body: '{"twitter_handle":"a\0b"}', ...malformed },
  { name: 'truncated JSON', body: '{"connects":5', ...malformed },
  { name: 'a trailing comma', body: '{"connects":5,}', ...malformed },
  { name: 'NaN', body: '{"connects":NaN}', ...malformed },
  { name: 'two values', body: '{} {}', ...malformed },
  { name: 'deep nesting that never ends', body: '['.repeat(500_000), ...malformed },
  { name: 'deep nesting', body: `{"id":${'['.repeat(50_000)}${']'.repeat(50_000)},"connects":-1}`, faults: [['/connects', 'range']] },
  {
    name: '__proto__ at the bottom of deep nesting',
    body: `{"id":${'['.repeat(200_000)}{"__proto__":1}${']'.repeat(200_000)}}`,
    faults: [[`/id${'/0'.repeat(98)}/…`, 'unknown_field']]
  },
  { name: 'no object but a list', body: [], faults: [['', 'type']] },
  { name: 'no object but a number', body: '5', faults: [['', 'type']] },
  { name: 'no object but null', body: 'null', faults: [['', 'type']] },
  { name: 'nothing', body: '', faults: [['', 'type']] },
  { name: 'bytes that are no UTF-8', body: Buffer.from('{"twitter_handle":"\xe9"}', 'latin1'), ...malformed },
  { name: 'a body over the limit', body: { twitter_handle: text(2 ** 20) }, status: 413, code: 'INS_REQUEST_TOO_LARGE', faults: [] },
  { name: 'plain text', body: '{}', contentType: 'text/plain', ...mediaType },
  { name: 'XML', body: '<a/>', contentType: 'application/xml', ...mediaType },
  { name: 'a content type that is none', body: '{}', contentType: 'json', ...mediaType },
  { name: 'another charset', body: '{}', contentType: 'application/json; charset=iso-8859-1', ...mediaType },
  { name: 'another charset in quotes', body: '{}', contentType: 'application/json;charset="UTF-16"', ...mediaType },
  { name: 'two charsets', body: '{}', contentType: 'application/json; charset=utf-8; charset=utf-16', ...mediaType },
  { name: 'a form in another charset', body: 'connects=1', contentType: 'application/x-www-form-urlencoded; charset=koi8-r', ...mediaType }
]

for (const bad of BAD_BODIES) {
  t.test(`a body is refused: ${bad.name}`, async t => {
    const { length: announcedBefore } = api.announced
    const countBefore = await stores.countInsights()
    const answer = await api.send({
      method: 'POST',
      url: path,
      headers: { 'content-type': bad.contentType ?? 'application/json' },
      payload: typeof bad.body === 'string' || Buffer.isBuffer(bad.body) ? bad.body : JSON.stringify(bad.body)
    })
    expectProblem(t, answer, bad.status ?? 400, bad.code ?? 'INS_REQUEST_INVALID')
    const faults: Array<{ pointer: string, code: string }> = answer.json().errors ?? []
    for (const [pointer, code] of bad.faults) t.match(faults.find(fault => fault.pointer === pointer), { code }, pointer)
    t.equal(faults.length > 0, bad.faults.length > 0)
    t.equal(await stores.countInsights(), countBefore, 'nothing was stored')
    t.equal(api.announced.length, announcedBefore, 'nothing was announced')
    t.equal((await api.app.inject('/livez')).statusCode, 200)
  })
}

const BAD_IDS = [
  '0', '-1', '1e3', '1.5', '01', '+1', '%201', '1%20', 'abc', '0x1', 'null', 'Infinity', '%00', '1%00', '1;a', '%F0%9F%98%80',
  '9007199254740992', '9999999999999999999', '9'.repeat(5_000)
]

t.test('an id that can not be one is refused by name', async t => {
  for (const id of BAD_IDS) {
    for (const request of [{ url: `${path}${id}` }, { url: `${path}${id}/refresh` }, { method: 'POST' as const, url: `${path}${id}/refresh` }]) {
      const answer = await api.send(request)
      expectProblem(t, answer, 400, 'INS_REQUEST_INVALID')
      t.match(answer.json().errors, [{ pointer: '/id' }], request.url.slice(0, 60))
    }
  }
})

t.test('an address with broken percent-encoding is refused', async t => {
  for (const id of ['%', '%zz', '%E9', '%ED%A0%80']) {
    const answer = await api.send({ url: `${path}${id}` })
    expectProblem(t, answer, 400, 'INS_REQUEST_MALFORMED')
  }
})

t.test('every fault of a request is listed at once', async t => {
  const payload = { connects: -1, has_about: 0, unknown: 1, works: [work, { ...work, source_type: 9 }, work] }
  const answer = await api.send({ method: 'POST', url: path, payload })
  const faults: Array<{ pointer: string, code: string }> = answer.json().errors
  t.same(faults.map(({ pointer, code }) => `${pointer} ${code}`).sort(), [
    '/connects range', '/has_about type', '/unknown unknown_field', '/works/1/source_type value', '/works/2 duplicate'
  ])
  t.equal(answer.json().detail, 'The request has 5 faults.')
})

t.test('of more than a hundred faults a hundred are listed, and it is said that there are more', async t => {
  const payload = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`unknown_${i}`, i]))
  const answer = await api.send({ method: 'POST', url: path, payload })
  t.equal(answer.json().errors.length, 100)
  t.match(answer.json().detail, /more than 100/)
})

t.test('what was sent is never repeated, but for the names of fields, and those in part', async t => {
  const answers = await Promise.all([
    api.send({ method: 'POST', url: path, payload: { connects: 'canary', facebook_page_id: 'canary', works: [{ item_id: 5, source_type: 'canary' }] } }),
    api.send({ method: 'POST', url: path, payload: '{"connects": canary}', headers: { 'content-type': 'application/json' } }),
    api.send({ url: `${path}canary` })
  ])
  for (const answer of answers) t.notMatch(answer.payload, /canary/)
  const long = await api.send({ method: 'POST', url: path, payload: { [text(100_000)]: 1 } })
  t.ok(long.payload.length < 2_000, 'a long name is cut off')
})

t.test('unsafe page ids come with the advice to send a string', async t => {
  const headers = { 'content-type': 'application/json' }
  const answer = await api.send({ method: 'POST', url: path, headers, payload: '{"facebook_page_id":9007199254740993}' })
  t.match(answer.json().errors[0].detail, /send a larger one as a string/)
})

t.test('JSON of any shape is accepted or refused, and never an error of the service', async t => {
  const names = ['has_about', 'connects', 'facebook_page_id', 'twitter_handle', 'works', 'id', '__proto__', 'constructor']
  const anyJson = fc.jsonValue({ stringUnit: 'binary' })
  const anyWork = fc.record({
    item_id: fc.oneof(fc.string(), anyJson),
    source_type: fc.oneof(fc.constantFrom(1, 2), anyJson),
    is_individual_work: fc.oneof(fc.boolean(), anyJson),
    in_app_plays: fc.oneof(fc.nat(), anyJson)
  }, { requiredKeys: [] })
  const anyBody = fc.oneof(
    anyJson.map(value => JSON.stringify(value)),
    fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), fc.oneof(anyJson, fc.array(anyWork))).map(value => JSON.stringify(value)),
    fc.record({ connects: fc.nat(), twitter_handle: fc.string({ unit: 'binary' }), works: fc.array(anyWork) }).map(value => JSON.stringify(value)),
    fc.string({ unit: 'binary' })
  )
  const statuses = new Set<number>()
  await fc.assert(fc.asyncProperty(anyBody, async payload => {
    const answer = await api.send({ method: 'POST', url: path, payload, headers: { 'content-type': 'application/json' } })
    statuses.add(answer.statusCode)
    return answer.statusCode === 201 || answer.statusCode === 400
  }), { numRuns: 300 })
  t.same([...statuses].sort(), [201, 400], 'both were seen')
})

function expectProblem (t: Test, answer: LightMyRequestResponse, status: number, code: string): void {
  t.equal(answer.statusCode, status)
  t.match(answer.headers['content-type'], /^application\/problem\+json/)
  t.match(answer.json(), { type: `urn:insights:error:${code}`, title: String, status, detail: String, code, request_id: answer.headers['x-request-id'] })
  t.notMatch(answer.payload, /node_modules|at .*:\d+:\d+|FST_/)
}
