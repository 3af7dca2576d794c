import { defaultFields, type InsightFields } from '@insights/shared'
import type { ImportOutcome } from '../../src/import-port.js'
import type { InsightDocument, InsightStore } from '../../src/port.js'

type Tap = import('tap').Test

const named = (externalId: string | null, changes: Partial<InsightFields> = {}): InsightFields =>
  ({ ...defaultFields(), ...changes, external_id: externalId })

/** The promises of `InsightImports`. `open` gives a store with no insights in it. */
export function importContract (t: Tap, name: string, open: () => Promise<InsightStore>): void {
  const contract = (title: string, test: (t: Tap, store: InsightStore) => Promise<void>): void => {
    t.test(`${name}: ${title}`, async t => { await test(t, await open()) })
  }
  const stored = (outcome: ImportOutcome | undefined): { id: number, isNew: boolean } => {
    if (outcome === undefined || 'error' in outcome) throw outcome?.error ?? new Error('there is no outcome')
    return outcome
  }
  const find = async (store: InsightStore, outcome: ImportOutcome | undefined): Promise<InsightDocument> =>
    await store.find(stored(outcome).id) as InsightDocument
  const countOf = async (store: InsightStore): Promise<number> =>
    (await store.list({ order: { key: 'id', isDescending: false }, filter: {}, limit: 1_000, from: null, isBackward: false })).insights.length

  contract('imported insights are those that create would have made, in order', async (t, store) => {
    const created = await store.create(named('import-0', { twitter_handle: 'a' }))
    const wanted = Array.from({ length: 150 }, (_one, n) => named(n % 3 === 0 ? null : `import-1-${n}`, { connects: n, twitter_handle: 'a' }))
    const outcomes = await store.importMany(wanted)
    t.equal(outcomes.length, 150)
    t.equal(new Set(outcomes.map(outcome => stored(outcome).id)).size, 150)
    for (const [n, outcome] of outcomes.entries()) {
      t.equal(stored(outcome).isNew, true)
      t.strictSame((await find(store, outcome)).fields, wanted[n])
    }
    const { id: _id, fields: _fields, created_at: _at, updated_at: _updated, refresh, ...rest } = created
    const first = await find(store, outcomes[0])
    t.match(first, rest)
    t.match(first.refresh, { wanted: 1, done: 0, claim: 0, is_pending: true, is_running: false })
    t.equal(refresh.is_pending, true)
    t.equal((await store.claimDue({ limit: 200, leaseMs: 60_000 })).length, 151, 'they are due at once')
    t.same(await store.importMany([]), [])
  })

  contract('an insight whose external id is there is replaced', async (t, store) => {
    const { id } = await store.create(named('import-2', { connects: 1, twitter_handle: 'a' }))
    const other = await store.create(named('import-2-other'))
    const [first, second] = await store.importMany([named('import-2', { profile_views: 3, twitter_handle: 'b' }), named('import-2-new')])
    t.same(first, { id, isNew: false })
    t.equal(stored(second).isNew, true)
    t.match(await store.find(id), { rev: 2, identity_rev: 2, fields: { connects: 0, profile_views: 3, twitter_handle: 'b' }, refresh: { wanted: 2 } })
    t.same(await store.find(other.id), other)
  })

  contract('importing the same once more changes nothing', async (t, store) => {
    const wanted = Array.from({ length: 20 }, (_one, n) => named(`import-3-${n}`, { connects: n }))
    const first = await store.importMany(wanted)
    const before = await Promise.all(first.map(async outcome => await find(store, outcome)))
    const second = await store.importMany(wanted)
    t.same(second, first.map(outcome => ({ id: stored(outcome).id, isNew: false })))
    t.same(await Promise.all(second.map(async outcome => await find(store, outcome))), before)
  })

  contract('what is there twice in one call counts as one after the other', async (t, store) => {
    const outcomes = await store.importMany([
      named('import-4', { connects: 1 }), named(null), named('import-4', { connects: 2 }), named('import-4', { connects: 2 }), named(null), named('import-4', { connects: 3 })
    ])
    t.same(outcomes.map(outcome => stored(outcome).isNew), [true, true, false, false, true, false])
    t.equal(new Set(outcomes.map(outcome => stored(outcome).id)).size, 3)
    t.match(await find(store, outcomes[0]), { rev: 3, fields: { connects: 3 } })
  })

  contract('two imports at once make each external id once', async (t, store) => {
    const wanted = (connects: number): InsightFields[] => Array.from({ length: 50 }, (_one, n) => named(`import-5-${n}`, { connects }))
    const all = await Promise.all([1, 2, 3, 4].map(async connects => await store.importMany(wanted(connects))))
    for (let n = 0; n < 50; n++) {
      const outcomes = all.map(outcomes => stored(outcomes[n]))
      t.equal(new Set(outcomes.map(({ id }) => id)).size, 1)
      t.equal(outcomes.filter(({ isNew }) => isNew).length, 1)
    }
    t.equal(await countOf(store), 50)
  })
}
