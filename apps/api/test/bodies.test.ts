import type { LightMyRequestResponse } from 'fastify'
import { t } from 'tap'
import { buildTestApi, openTestStores } from './build-test-api.js'

const stores = await openTestStores(t)
const api = await buildTestApi(t, stores)
const work = { item_id: 'l4WNrvVjiTw', source_type: 1, is_individual_work: true, in_app_plays: 7 }
const everything: Record<string, string> = {
  has_about: 'true',
  number_of_roles: '1',
  number_of_acts: '007',
  profile_views: '9007199254740991',
  profile_searches: '0',
  connects: '2',
  facebook_page_id: '99999999999999999999',
  twitter_handle: 'gig pro+é&=😀',
  instagram_handle: 'null',
  works: JSON.stringify([work])
}
const everythingStored = {
  has_about: true,
  number_of_roles: 1,
  number_of_acts: 7,
  profile_views: 9007199254740991,
  profile_searches: 0,
  connects: 2,
  facebook_page_id: '99999999999999999999',
  twitter_handle: 'gig pro+é&=😀',
  instagram_handle: null,
  works: [work]
}

async function post (payload: string | Buffer, contentType: string, headers: Record<string, string> = {}): Promise<LightMyRequestResponse> {
  return await api.send({ method: 'POST', url: '/api/user_insights/', payload, headers: { 'content-type': contentType, ...headers } })
}

async function postForm (payload: string): Promise<LightMyRequestResponse> {
  return await post(payload, 'application/x-www-form-urlencoded')
}

/** A part as its header lines and its text. */
async function postParts (parts: ReadonlyArray<readonly [headers: string, text: string]>): Promise<LightMyRequestResponse> {
  const body = parts.map(([headers, text]) => `--xyz\r\n${headers}\r\n\r\n${text}\r\n`).join('')
  return await post(`${body}--xyz--\r\n`, 'multipart/form-data; boundary=xyz')
}

async function postMultipart (fields: ReadonlyArray<readonly [name: string, text: string]>): Promise<LightMyRequestResponse> {
  return await postParts(fields.map(([name, text]) => [`Content-Disposition: form-data; name="${name}"`, text]))
}

const faultsOf = (answer: LightMyRequestResponse): string[] =>
  (answer.json().errors ?? []).map(({ pointer, code }: { pointer: string, code: string }) => `${pointer} ${code}`)

t.test('a urlencoded form says the same as JSON', async t => {
  const answer = await postForm(new URLSearchParams(everything).toString())
  t.equal(answer.statusCode, 201)
  t.match(answer.json(), everythingStored)
})

t.test('a multipart form says the same as JSON', async t => {
  const answer = await postMultipart(Object.entries(everything))
  t.equal(answer.statusCode, 201)
  t.match(answer.json(), everythingStored)
})

t.test('a multipart form of FormData is understood', async t => {
  const form = new FormData()
  for (const [name, text] of Object.entries(everything)) form.append(name, text)
  const request = new Request('http://localhost', { method: 'POST', body: form })
  const answer = await post(Buffer.from(await request.arrayBuffer()), request.headers.get('content-type') ?? '')
  t.equal(answer.statusCode, 201)
  t.match(answer.json(), everythingStored)
})

t.test('names of parts need no quotes, and parts may state their type', async t => {
  const answer = await postParts([
    ['Content-Disposition: form-data; name=connects', '5'],
    ['content-type: text/plain; charset=utf-8\r\ncontent-disposition: form-data; name="twitter_handle"', 'é'],
    ['Content-Disposition: form-data; name="works"\r\nContent-Type: application/json', JSON.stringify([work])]
  ])
  t.match(answer.json(), { connects: 5, twitter_handle: 'é', works: [work] })
})

t.test('flags may be written in the ways that forms have for them', async t => {
  for (const [texts, flag] of [[['true', '1', 'on', 'YES', 'True'], true], [['false', '0', 'off', 'no', 'FALSE'], false]] as const) {
    for (const text of texts) t.equal((await postForm(`has_about=${text}`)).json().has_about, flag, text)
  }
})

t.test('an empty field was not given, and an empty form is an insight of defaults', async t => {
  const answer = await postForm('has_about=&connects=&facebook_page_id=&twitter_handle=&works=')
  t.equal(answer.statusCode, 201)
  t.match(answer.json(), { has_about: false, connects: 0, facebook_page_id: null, twitter_handle: null, works: [] })
  t.equal((await postForm('')).statusCode, 201)
})

t.test('null is null where a field may be null, and text that does not fit elsewhere', async t => {
  t.equal((await postForm('facebook_page_id=null')).json().facebook_page_id, null)
  t.same(faultsOf(await postForm('connects=null&has_about=null&works=null')).sort(), ['/connects type', '/has_about type', '/works type'])
})

t.test('text that means nothing in its field is refused by name', async t => {
  const bad = 'has_about=maybe&connects=1.5&profile_views=-1&number_of_acts=1e3&number_of_roles=9007199254740992&profile_searches=0x1&facebook_page_id=-5&nothing=x&x%2Fy='
  t.same(faultsOf(await postForm(bad)).sort(), [
    '/connects type', '/facebook_page_id format', '/has_about type', '/nothing unknown_field', '/number_of_acts type',
    '/number_of_roles range', '/profile_searches type', '/profile_views range', '/x~1y unknown_field'
  ])
})

t.test('works that are no JSON are refused together with everything else', async t => {
  t.same(faultsOf(await postForm('works=%5B%7B&connects=-1')).sort(), ['/connects range', '/works format'])
  t.same(faultsOf(await postMultipart([['works', 'l4WNrvVjiTw']])), ['/works format'])
})

t.test('works in a form are checked like works in JSON', async t => {
  const twice = JSON.stringify([work, work, { ...work, source_type: 3 }])
  t.same(faultsOf(await postMultipart([['works', twice]])).sort(), ['/works/1 duplicate', '/works/2/source_type value'])
  t.same(faultsOf(await postForm('works=%5B%7B%22__proto__%22:1%7D%5D')), ['/works/0/__proto__ unknown_field'])
  t.same(faultsOf(await postForm('works=%5B%22%5Cud800%22%5D')), ['/works/0 type'])
})

t.test('a field that is given twice is refused by name', async t => {
  t.same(faultsOf(await postForm('connects=1&connects=1')), ['/connects duplicate'])
  t.same(faultsOf(await postMultipart([['twitter_handle', 'a'], ['twitter_handle', '']])), ['/twitter_handle duplicate'])
  t.equal(faultsOf(await postForm('connects=1&'.repeat(50_000))).length, 100)
})

t.test('keys that poison prototypes are unknown fields of forms too', async t => {
  t.same(faultsOf(await postForm('__proto__=1&constructor=2')), ['/__proto__ unknown_field', '/constructor unknown_field'])
  t.same(faultsOf(await postMultipart([['__proto__', '1']])), ['/__proto__ unknown_field'])
})

t.test('a file is refused by the name of its part', async t => {
  const answer = await postParts([
    ['Content-Disposition: form-data; name="works"; filename="works.json"\r\nContent-Type: application/json', '\xff'.repeat(100_000)],
    ['Content-Disposition: form-data; name="connects"', '-1']
  ])
  t.equal(answer.statusCode, 400)
  t.same(faultsOf(answer), ['/works type', '/connects range'])
})

t.test('NUL bytes in forms are refused by name', async t => {
  t.same(faultsOf(await postForm('twitter_handle=a%00')), ['/twitter_handle characters'])
  t.same(faultsOf(await postMultipart([['twitter_handle', 'a\0b']])), ['/twitter_handle characters'])
})

t.test('a form that can not be read is refused as such', async t => {
  const disposition = 'Content-Disposition: form-data; name="twitter_handle"'
  const unreadable: Array<[name: string, payload: string | Buffer, contentType: string]> = [
    ['percent signs without digits', 'twitter_handle=100%', 'application/x-www-form-urlencoded'],
    ['percent-encoded Latin-1', 'twitter_handle=%E9', 'application/x-www-form-urlencoded'],
    ['bare Latin-1', Buffer.from('twitter_handle=\xe9', 'latin1'), 'application/x-www-form-urlencoded'],
    ['no boundary', '--xyz--', 'multipart/form-data'],
    ['another boundary', `--xyz\r\n${disposition}\r\n\r\na\r\n--xyz--`, 'multipart/form-data; boundary=abc'],
    ['an end that is missing', `--xyz\r\n${disposition}\r\n\r\na`, 'multipart/form-data; boundary=xyz'],
    ['headers that do not end', `--xyz\r\n${disposition}`, 'multipart/form-data; boundary=xyz'],
    ['nothing', '', 'multipart/form-data; boundary=xyz'],
    ['Latin-1 in a part', Buffer.from(`--xyz\r\n${disposition}\r\n\r\n\xe9\r\n--xyz--`, 'latin1'), 'multipart/form-data; boundary=xyz']
  ]
  for (const [name, payload, contentType] of unreadable) {
    const answer = await post(payload, contentType)
    t.match([answer.statusCode, answer.json().code], [400, 'INS_REQUEST_MALFORMED'], name)
  }
})

t.test('a form of more than a thousand parts is refused as such, whatever they are', async t => {
  const part = '--xyz\r\nContent-Disposition: form-data; name="connects"\r\n\r\n1\r\n'
  t.equal(faultsOf(await post(`${part.repeat(1_000)}--xyz--`, 'multipart/form-data; boundary=xyz'))[0], '/connects duplicate')
  for (const payload of [`${part.repeat(1_001)}--xyz--`, `${part.repeat(5_000)}--xyz--`, '--xyz\r\n'.repeat(100_000)]) {
    const answer = await post(payload, 'multipart/form-data; boundary=xyz')
    t.match([answer.statusCode, answer.json()], [400, { code: 'INS_REQUEST_MALFORMED', detail: 'The form has more than 1000 parts.' }])
  }
})

t.test('a part without a name is refused', async t => {
  t.same(faultsOf(await postParts([['Content-Disposition: form-data', 'a']])), [' required'])
})

t.test('forms keep to the body limit', async t => {
  const long = 'x'.repeat(2 ** 20)
  t.equal((await postForm(`twitter_handle=${long}`)).statusCode, 413)
  t.equal((await postMultipart([['twitter_handle', long]])).statusCode, 413)
  t.same(faultsOf(await postMultipart([['twitter_handle', 'x'.repeat(900_000)]])), ['/twitter_handle length'])
})

t.test('JSON may be labelled in any way that means UTF-8', async t => {
  for (const parameters of ['', ';charset=utf-8', '; charset=UTF-8', '; charset="utf-8"', ';  charset = utf-8', '; charset=us-ascii', '; profile=x']) {
    const answer = await post('{"connects":1}', `application/json${parameters}`)
    t.equal(answer.statusCode, 201, parameters)
  }
  t.equal((await post('{"connects":1}', 'Application/JSON')).statusCode, 201)
  t.equal((await post('\ufeff{"connects":1}', 'application/json')).statusCode, 201, 'a byte order mark')
})

t.test('a body without a content type is refused with the types that are accepted', async t => {
  const answer = await api.app.inject({
    method: 'POST', url: '/api/user_insights/', payload: Buffer.from('{}'), headers: { authorization: `Token ${api.token}` }
  })
  t.equal(answer.statusCode, 415)
  t.match(answer.json().detail, 'application/json, application/x-www-form-urlencoded, multipart/form-data')
})

t.test('a compressed body is refused', async t => {
  const answer = await post('{}', 'application/json', { 'content-encoding': 'gzip' })
  t.equal(answer.statusCode, 415)
  t.equal((await post('{}', 'application/json', { 'content-encoding': 'identity' })).statusCode, 201)
})

t.test('JSON that breaks off says where, and repeats nothing', async t => {
  t.equal((await post('{"connects":', 'application/json')).json().detail, 'The body is not JSON: it ends too early.')
  t.match((await post('{"connects":1,}', 'application/json')).json().detail, /it can not be read from character 14 on/)
})
