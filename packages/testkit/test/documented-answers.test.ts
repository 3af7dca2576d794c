import { t } from 'tap'
import { createAnswerCheck, type Answered } from '../src/documented-answers.js'

const problem = (code: string): object => ({ schema: { allOf: [{}, { properties: { code: { enum: [code] } } }] } })

const check = createAnswerCheck({
  paths: {
    '/things/{id}': {
      get: {
        responses: {
          200: { headers: { etag: {}, vary: {} }, content: { 'application/json': {} } },
          404: { $ref: '#/components/responses/unknown' }
        }
      }
    },
    '/things/all': { get: { responses: {} } }
  },
  components: { responses: { unknown: { content: { 'application/problem+json': problem('UNKNOWN') } } } }
})

const GOOD: Answered = { method: 'GET', url: '/things/7/?a=b', status: 200, headers: { etag: '"1"', 'content-type': 'application/json; charset=utf-8' }, body: '{}' }
const UNKNOWN: Answered = { ...GOOD, status: 404, headers: { 'content-type': 'application/problem+json' }, body: '{"code":"UNKNOWN"}' }

t.test('an answer as it is documented has no deviation, nor has what is no part of the document', async t => {
  for (const answered of [
    GOOD, UNKNOWN, { ...GOOD, method: 'HEAD', body: '' }, { ...GOOD, url: '/others/7', status: 500 }, { ...GOOD, method: 'DELETE', status: 405 },
    { ...GOOD, headers: { ...GOOD.headers, date: 'today', vary: 'accept', 'access-control-allow-origin': '*' } }
  ]) t.same(check(answered), [])
})

t.test('every deviation is named', async t => {
  const cases: Array<[changed: Partial<Answered>, deviation: string]> = [
    [{ status: 500 }, 'its status is not documented'],
    [{ headers: { 'content-type': 'application/json' } }, 'it lacks the header etag'],
    [{ headers: { ...GOOD.headers, 'x-other': '1' } }, 'its header x-other is not documented'],
    [{ headers: { ...GOOD.headers, 'content-type': 'text/html' } }, 'its media type text/html is not documented'],
    [{ ...UNKNOWN, body: '{"code":"OTHER"}' }, 'its code OTHER is not documented'],
    [{ url: '/things/all' }, 'its status is not documented']
  ]
  for (const [changed, deviation] of cases) {
    const answered = { ...GOOD, ...changed }
    t.same(check(answered), [`GET ${answered.url} is answered with ${answered.status}: ${deviation}`])
  }
})
