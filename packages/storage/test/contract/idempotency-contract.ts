import { createHash } from 'node:crypto'
import { defaultFields } from '@insights/shared'
import { KEY_LEASE_MS, KEY_LIFE_MS, type KeyedCall, type KeyHold } from '../../src/idempotency-port.js'
import type { InsightStore } from '../../src/port.js'

type Tap = import('tap').Test

export interface KeyContractOptions {
  /** A store without insights and keys. */
  open: () => Promise<InsightStore>
  /** Moves all that is stored of keys into the past: for them the clock of the store is that much later. */
  passTime: (ms: number) => Promise<void>
  /** Whatever is stored of keys, as text. */
  dump: () => Promise<string>
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex')
const FIELDS = { ...defaultFields(), twitter_handle: 'a-personal-handle' }
const CALL: KeyedCall = { key: hash('key'), payload: hash('payload'), makes: 'insight' }
const OTHER: KeyedCall = { ...CALL, payload: hash('other') }
const TOKEN: KeyedCall = { ...CALL, key: hash('key of a token'), makes: { tokenId: 'f'.repeat(16) } }
const ANSWER = { status: 201, headers: { etag: '"1"', 'last-modified': 'Mon, 23 Nov 2026 12:00:00 GMT' }, body: '{"id":7,"twitter_handle":"a-personal-handle"}' }

/** What `KeyStore` promises. */
export function idempotencyContract (t: Tap, name: string, { open, passTime, dump }: KeyContractOptions): void {
  const contract = (title: string, test: (t: Tap, store: InsightStore) => Promise<void>): void => {
    t.test(`${name}: ${title}`, async t => { await test(t, await open()) })
  }
  const hold = async (store: InsightStore, call = CALL): Promise<KeyHold> => {
    const state = await store.keys.begin(call)
    if (state.kind !== 'held') throw new Error(`the key is not free: ${state.kind}`)
    return state.hold
  }

  contract('of many who ask for a new key at once one gets it, and the others wait', async (t, store) => {
    const states = await Promise.all(Array.from({ length: 20 }, async () => await store.keys.begin(CALL)))
    t.equal(states.filter(({ kind }) => kind === 'held').length, 1)
    t.equal(states.filter(({ kind }) => kind === 'running').length, 19)
    t.match(states.find(({ kind }) => kind === 'held'), { hold: { key: CALL.key, insightId: Number, isRepeat: false } })
    t.match(await store.keys.begin(TOKEN), { kind: 'held', hold: { insightId: null, isRepeat: false } }, 'another key is another call')
  })

  contract('an answer is kept as it was given, and every repeat gets it', async (t, store) => {
    const held = await hold(store)
    await store.keys.complete(held, ANSWER)
    t.same(await store.keys.begin(CALL), { kind: 'answered', answer: ANSWER })
    await store.keys.complete(held, { ...ANSWER, body: 'a later one' })
    t.same(await store.keys.begin(CALL), { kind: 'answered', answer: ANSWER })
    await store.keys.forget(held)
    t.match(await store.keys.begin(CALL), { kind: 'answered' }, 'an answer is not forgotten')
  })

  contract('another payload is told so, whatever has become of the key', async (t, store) => {
    const held = await hold(store)
    t.same(await store.keys.begin(OTHER), { kind: 'other_payload' })
    await store.keys.release(held)
    t.same(await store.keys.begin(OTHER), { kind: 'other_payload' })
    t.match(await store.keys.begin(CALL), { hold: { insightId: held.insightId, isRepeat: true } })
    await store.keys.complete(held, ANSWER)
    t.same(await store.keys.begin(OTHER), { kind: 'other_payload' })
  })

  contract('a key is given again when it was let go or its lease is over, with the same reserved id', async (t, store) => {
    const first = await hold(store)
    await store.keys.release(first)
    const second = await hold(store)
    t.match(second, { insightId: first.insightId, isRepeat: true })
    await store.keys.release(first)
    t.same(await store.keys.begin(CALL), { kind: 'running' }, 'who has let it go lets nobody else’s go')
    await passTime(KEY_LEASE_MS - 1_000)
    t.same(await store.keys.begin(CALL), { kind: 'running' })
    await passTime(1_000)
    const states = await Promise.all(Array.from({ length: 8 }, async () => await store.keys.begin(CALL)))
    t.same(states.filter(({ kind }) => kind === 'held').length, 1)
    t.match(states.find(({ kind }) => kind === 'held'), { hold: { insightId: first.insightId, isRepeat: true } })
  })

  contract('a key of a call that was refused is free, unless an earlier try may have made something', async (t, store) => {
    const refused = await hold(store)
    await store.keys.forget(refused)
    const other = await hold(store, OTHER)
    t.equal(other.isRepeat, false)
    await store.keys.forget(refused)
    t.same(await store.keys.begin(OTHER), { kind: 'running' }, 'who holds it no more forgets nothing')
    await store.keys.release(other)
    await store.keys.forget(await hold(store, OTHER))
    t.same(await store.keys.begin(CALL), { kind: 'other_payload' })
    t.match(await store.keys.begin(OTHER), { hold: { insightId: other.insightId, isRepeat: true } })
  })

  contract('a key that makes a token is given once, and names the token from then on', async (t, store) => {
    const held = await hold(store, TOKEN)
    t.same(await store.keys.begin({ ...TOKEN, makes: { tokenId: 'e'.repeat(16) } }), { kind: 'running' })
    await store.keys.release(held)
    const named = { kind: 'token', tokenId: 'f'.repeat(16) }
    t.same(await store.keys.begin({ ...TOKEN, makes: { tokenId: 'e'.repeat(16) } }), named)
    t.same(await store.keys.begin({ ...TOKEN, payload: hash('other') }), { kind: 'other_payload' })
    await store.keys.forget(held)
    t.equal((await hold(store, TOKEN)).isRepeat, false, 'a refusal makes it free all the same')
    await passTime(KEY_LEASE_MS)
    t.same(await store.keys.begin(TOKEN), named)
  })

  contract('under a key an insight is made with the reserved id, and once, however many tries there are', async (t, store) => {
    const first = await hold(store)
    const made = await store.create(FIELDS, first)
    t.match(made, { id: first.insightId, fields: FIELDS, rev: 1, refresh: { is_pending: true } })
    await store.keys.release(first)
    const second = await hold(store)
    t.same(await store.create(FIELDS, second), made)
    await store.replaceFields(made.id, { ...FIELDS, connects: 7 })
    t.match(await store.create(FIELDS, second), { id: made.id, rev: 2 }, 'a repeat gives it as it is now')
    const other = await hold(store, { ...CALL, key: hash('other key') })
    const tries = await Promise.all([first, second, other, other, other].map(async hold => await store.create(FIELDS, hold)))
    t.same(tries.map(({ id }) => id), [first, first, other, other, other].map(({ insightId }) => insightId))
    t.not((await store.create(FIELDS)).id, made.id)
  })

  contract('an external id that is taken is refused under a key too, and one of an earlier try is not', async (t, store) => {
    const named = { ...FIELDS, external_id: 'artist-1' }
    const first = await hold(store)
    const made = await store.create(named, first)
    t.same(await store.create(named, { ...first, isRepeat: true }), made)
    t.same(await store.create(named, first), made)
    const other = await hold(store, { ...CALL, key: hash('other key') })
    await t.rejects(store.create(named, other), { code: 'INS_EXTERNAL_ID_TAKEN' })
    t.equal(await store.find(other.insightId ?? 0), null)
  })

  contract('with an insight all that its key holds of a person is erased, and no repeat makes another one', async (t, store) => {
    const held = await hold(store)
    const { id } = await store.create(FIELDS, held)
    await store.keys.complete(held, ANSWER)
    const other = await hold(store, { ...CALL, key: hash('other key') })
    const kept = await store.create(FIELDS, other)
    await store.keys.complete(other, ANSWER)
    t.match(await dump(), 'a-personal-handle')
    t.match(await store.remove(kept.id), { removed: { insights: 1, works: 0, accounts: 1 } })
    t.match(await store.keys.begin(CALL), { kind: 'answered' }, 'keys of others stay')
    await store.remove(id)
    const dumped = await dump()
    t.match(dumped, CALL.key)
    t.notMatch(dumped, /a-personal-handle/)
    t.notMatch(dumped, CALL.payload, 'what has few possible values can be found from its hash')
    for (const call of [CALL, OTHER]) t.same(await store.keys.begin(call), { kind: 'erased' })
    await t.rejects(store.create(FIELDS, { ...held, isRepeat: true }), { code: 'INS_IDEMPOTENCY_ERASED' })
    t.equal(await store.find(id), null)
  })

  contract('an answer that comes after the insight was removed is not kept', async (t, store) => {
    const held = await hold(store)
    const { id } = await store.create(FIELDS, held)
    await store.remove(id)
    await store.keys.complete(held, ANSWER)
    t.same(await store.keys.begin(CALL), { kind: 'erased' })
    t.notMatch(await dump(), /a-personal-handle/)
  })

  contract('answers that are kept while their insights are removed stay nowhere', async (t, store) => {
    for (let round = 0; round < 10; round++) {
      const held = await hold(store, { ...CALL, key: hash(`key ${round}`) })
      const { id } = await store.create(FIELDS, held)
      await Promise.all([store.remove(id), store.keys.complete(held, ANSWER)])
    }
    t.notMatch(await dump(), /a-personal-handle/)
  })

  contract('a day after its first use a key is new, and what was stored of it goes', async (t, store) => {
    const held = await hold(store)
    const { id } = await store.create(FIELDS, held)
    await store.keys.complete(held, ANSWER)
    await passTime(KEY_LIFE_MS - 60_000)
    t.match(await store.keys.begin(CALL), { kind: 'answered' })
    await passTime(60_000)
    const next = await hold(store, OTHER)
    t.equal(next.isRepeat, false)
    t.not(next.insightId, id)
    t.not((await store.create(FIELDS, next)).id, id)
    t.notMatch(await dump(), /a-personal-handle/)
    await store.remove(id)
    t.same(await store.keys.begin(OTHER), { kind: 'running' }, 'the former insight has no key any more')
  })
}
