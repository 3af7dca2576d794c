import { t } from 'tap'
import { buildTestApi, onEachStore } from './build-test-api.js'

const path = '/api/user_insights/'

onEachStore(t, async (t, stores) => {
  const api = await buildTestApi(t, stores)
  const post = async (payload: object): Promise<Awaited<ReturnType<typeof api.send>>> =>
    await api.send({ method: 'POST', url: path, payload })

  t.test('an external id is answered where it was given, and left out where not', async t => {
    const answer = await post({ external_id: 'artist-1' })
    t.equal(answer.statusCode, 201)
    const { id, external_id: externalId } = answer.json()
    t.equal(externalId, 'artist-1')
    t.equal((await api.send({ url: `${path}${id}` })).json().external_id, 'artist-1')
    for (const without of [{}, { external_id: null }]) t.notOk('external_id' in (await post(without)).json())
  })

  t.test('an external id that another insight has is a conflict that names the field', async t => {
    await post({ external_id: 'artist-2' })
    const { length: announcedBefore } = api.announced
    const answer = await post({ external_id: 'artist-2', connects: 5 })
    t.equal(answer.statusCode, 409)
    t.match(answer.json(), {
      code: 'INS_EXTERNAL_ID_TAKEN', status: 409, errors: [{ pointer: '/external_id', code: 'taken', detail: String }]
    })
    t.notMatch(answer.payload, 'artist-2', 'what was sent is not repeated')
    t.equal(api.announced.length, announcedBefore, 'nothing was stored, so nothing was announced')
    t.notMatch(JSON.stringify(api.logged), 'artist-2')
  })

  t.test('in forms an empty external id is none', async t => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const named = await api.send({ method: 'POST', url: path, payload: 'external_id=a+b%26c', headers })
    t.equal(named.json().external_id, 'a b&c')
    const none = await api.send({ method: 'POST', url: path, payload: 'external_id=&connects=1', headers })
    t.equal(none.statusCode, 201)
    t.notOk('external_id' in none.json())
  })
})
