import { t } from 'tap'
import { AppError } from '@insights/shared'
import { buildTestApi, openTestStores } from './build-test-api.js'

const stores = await openTestStores(t)
const api = await buildTestApi(t, stores)
const path = '/api/user_insights/'
const work = { item_id: 'l4WNrvVjiTw', source_type: 1, is_individual_work: true, in_app_plays: 7 }
const notProvided = { state: 'not_provided', count: null, fetched_at: null, next_at: null, error: null }
const pending = { ...notProvided, state: 'pending' }

async function create (payload: object): Promise<number> {
  return (await api.send({ method: 'POST', url: path, payload })).json().id
}

t.test('a new insight waits for its first refresh, source by source', async t => {
  const id = await create({ works: [work], twitter_handle: 'gigpro' })
  const answer = await api.send({ url: `${path}${id}/refresh` })
  t.equal(answer.statusCode, 200)
  const { asked_at: askedAt, next_due_at: nextDueAt, ...rest } = answer.json()
  t.same(rest, {
    id,
    state: 'pending',
    done_at: null,
    sources: {
      youtube: { ...pending, works: [{ item_id: 'l4WNrvVjiTw', ...pending }] },
      soundcloud: { ...notProvided, works: [] },
      x: pending,
      facebook: notProvided,
      instagram: notProvided
    }
  })
  t.match(askedAt, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  t.match(nextDueAt, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
})

t.test('asking for a refresh answers with its state and its address, and announces it', async t => {
  const id = await create({})
  const answer = await api.send({ method: 'POST', url: `${path}${id}/refresh/` })
  t.equal(answer.statusCode, 202)
  t.equal(answer.headers.location, `/api/user_insights/${id}/refresh`)
  t.same(answer.json(), (await api.send({ url: String(answer.headers.location) })).json())
  t.same(api.announced.slice(-2), [id, id])
})

t.test('wishes for a refresh that is waiting become one', async t => {
  const id = await create({})
  for (let i = 0; i < 3; i++) await api.send({ method: 'POST', url: `${path}${id}/refresh` })
  const waiting = await stores.store.find(id)
  t.equal(waiting?.refresh.wanted, 1)
})

t.test('a refresh in progress is running, and done afterwards', async t => {
  const id = await create({})
  const { documents: [document] } = await stores.store.startRefreshes([id], { leaseMs: 60_000 })
  t.equal((await api.send({ url: `${path}${id}/refresh` })).json().state, 'running')
  if (document === undefined) throw new Error('there is nothing to refresh')
  const breakdown = { model: 'test', model_hash: '', score: 0, max_score: 100, lines: [], coverage: 0, score_range: { low: 0, high: 0 } }
  const end = { done: document.refresh.wanted, nextInMs: null }
  await stores.store.saveResults([{ id, claim: document.refresh.claim, identity_rev: document.identity_rev, rev: document.rev, sources: [], breakdown, end }])
  const done = (await api.send({ url: `${path}${id}/refresh` })).json()
  t.equal(done.state, 'done')
  t.type(done.done_at, 'string')
  t.equal(done.next_due_at, null)
})

t.test('a refresh needs no body, and an empty object or form is as good', async t => {
  const id = await create({})
  const json = { 'content-type': 'application/json' }
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  for (const request of [{ headers: json, payload: '' }, { headers: json, payload: '{}' }, { headers: form, payload: '' }]) {
    t.equal((await api.send({ method: 'POST', url: `${path}${id}/refresh`, ...request })).statusCode, 202)
  }
})

t.test('a refresh that is asked for with words is refused, because they would be ignored', async t => {
  const id = await create({})
  const named = await api.send({ method: 'POST', url: `${path}${id}/refresh`, payload: { platforms: ['x'] } })
  t.equal(named.statusCode, 400)
  t.match(named.json().errors, [{ pointer: '/platforms', code: 'unknown_field' }])
  const list = await api.send({ method: 'POST', url: `${path}${id}/refresh`, payload: [] })
  t.match(list.json().errors, [{ pointer: '', code: 'type', detail: 'must be an empty object or null' }])
})

t.test('a damaged insight is named as such', async t => {
  const damaged = async (): Promise<never> => { throw new AppError('INS_INSIGHT_DAMAGED', 'Insight 7 has a text where its works belong') }
  const { send } = await buildTestApi(t, { ...stores, store: { ...stores.store, find: damaged, requestRefresh: damaged } })
  for (const method of ['GET', 'POST'] as const) {
    const answer = await send({ method, url: `${path}7/refresh` })
    t.match(answer.json(), { status: 500, code: 'INS_INSIGHT_DAMAGED' }, method)
    t.notMatch(answer.payload, 'works')
  }
})

t.test('an unknown insight has no refresh', async t => {
  for (const method of ['GET', 'POST'] as const) {
    const answer = await api.send({ method, url: `${path}999999/refresh` })
    t.equal(answer.statusCode, 404)
    t.equal(answer.json().code, 'INS_INSIGHT_UNKNOWN')
  }
})
