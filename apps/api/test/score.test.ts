import { t } from 'tap'
import { explain, INSIGHT_1, toSignals } from '@insights/shared'
import { buildTestApi, openTestStores } from './build-test-api.js'

const stores = await openTestStores(t)
const api = await buildTestApi(t, stores)

t.test('the score is explained as it was stored', async t => {
  const { id } = (await api.send({ method: 'POST', url: '/api/user_insights/', payload: { has_about: true, twitter_handle: 'gigpro' } })).json()
  const { documents: [document] } = await stores.store.startRefreshes([id], { leaseMs: 60_000 })
  if (document === undefined) throw new Error('there is nothing to refresh')
  const sources = document.sources.map(source => ({ ...source, state: 'ok' as const, count: 4546 }))
  const breakdown = explain(INSIGHT_1, toSignals(document.fields, sources, INSIGHT_1))
  const end = { done: document.refresh.wanted, nextInMs: null }
  await stores.store.saveResults([{ id, claim: document.refresh.claim, identity_rev: document.identity_rev, rev: document.rev, sources, breakdown, end }])
  const answer = await api.send({ url: `/api/user_insights/${id}/score` })
  t.equal(answer.statusCode, 200)
  t.strictSame(answer.json(), JSON.parse(JSON.stringify(breakdown)), 'to the letter')
  const insight = (await api.send({ url: `/api/user_insights/${id}` })).json()
  t.equal(insight.insight_score, answer.json().score.toFixed(2))
})

t.test('before the first refresh every score is possible', async t => {
  const { id } = (await api.send({ method: 'POST', url: '/api/user_insights/', payload: {} })).json()
  t.match((await api.send({ url: `/api/user_insights/${id}/score/` })).json(), { score: 0, lines: [], score_range: { low: 0, high: 100 } })
})

t.test('an unknown insight has no score', async t => {
  t.match((await api.send({ url: '/api/user_insights/999999/score' })).json(), { status: 404, code: 'INS_INSIGHT_UNKNOWN' })
})
