import { createHash } from 'node:crypto'
import { t } from 'tap'
import { anyToken, buildBareApi, noStores } from './build-test-api.js'

const { app } = await buildBareApi(t, { ...noStores, tokens: anyToken })
const get = async (url: string, headers: Record<string, string> = {}): Promise<ReturnType<typeof app.inject>> =>
  await app.inject({ url, headers: { authorization: 'Token any', ...headers } })

t.test('a model is published with everything that a score follows from', async t => {
  const answer = await get('/api/models/insight-1')
  t.equal(answer.statusCode, 200)
  const model = answer.json()
  t.match(model, { id: 'insight-1', is_current: true, max_score: 100, shared_work_weight: 0.5, rounding: /half up/ })
  t.equal(model.signals.length, 11)
  t.same(model.signals[1], { signal: 'number_of_roles', points: 3, curve: 'log', knee: 2, saturation: 5 })
  t.same(model.signals[0], { signal: 'has_about', points: 4, curve: 'flag' })
  t.same((await get('/api/models')).json(), { results: [model] })
})

t.test('the formula that is published computes the documented points', async t => {
  const { curves, signals } = (await get('/api/models/insight-1/')).json()
  const names = ['value', 'points', 'knee', 'saturation', 'min', 'ln']
  const evaluate = new Function(...names, `return ${curves.log}`) // eslint-disable-line no-new-func
  const { points, knee, saturation } = signals.find(({ signal }: { signal: string }) => signal === 'connects')
  t.equal(evaluate(2, points, knee, saturation, Math.min, Math.log).toFixed(4), '0.0429', 'as in the tour')
  t.equal(evaluate(saturation, points, knee, saturation, Math.min, Math.log), points)
})

t.test('the hash can be computed from the answer', async t => {
  const { hash, id, max_score: max, shared_work_weight: weight, signals } = (await get('/api/models/insight-1')).json()
  const sorted = signals.map((signal: object) => Object.fromEntries(Object.entries(signal).sort(([a], [b]) => (a < b ? -1 : 1))))
  const text = JSON.stringify({ id, max_score: max, shared_work_weight: weight, signals: sorted })
  t.equal(createHash('sha256').update(text).digest('hex'), hash)
})

t.test('a copy is asked about by its tag', async t => {
  for (const url of ['/api/models', '/api/models/insight-1']) {
    const { headers, body } = await get(url)
    t.match(headers, { etag: /^"[\w-]{22}"$/, 'cache-control': 'private, max-age=60' })
    const etag = String(headers['etag'])
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await get(url, { 'if-none-match': known })
      t.match(again, { statusCode: 304, body: '' }, known)
      t.equal(again.headers['etag'], etag)
    }
    t.equal((await get(url, { 'if-none-match': '"other"' })).body, body)
  }
  t.not((await get('/api/models')).headers['etag'], (await get('/api/models/insight-1')).headers['etag'])
})

t.test('an unknown model is a 404 of its own, which nobody keeps', async t => {
  const answer = await get('/api/models/insight-2')
  t.match(answer.json(), { status: 404, code: 'INS_MODEL_UNKNOWN' })
  t.equal(answer.headers['cache-control'], 'no-store')
})
