import fc from 'fast-check'
import { defaultFields, type AppError, type InsightFields } from '@insights/shared'
import type { InsightDocument, InsightStore } from '../../src/port.js'

type Tap = import('tap').Test

const TAKEN = { code: 'INS_EXTERNAL_ID_TAKEN', statusCode: 409, faults: [{ pointer: '/external_id', code: 'taken' }] }

const named = (externalId: string | null, changes: Partial<InsightFields> = {}): InsightFields =>
  ({ ...defaultFields(), ...changes, external_id: externalId })

/** `stored` for each that succeeded, then the codes of the others. */
function outcomesOf (tries: ReadonlyArray<PromiseSettledResult<unknown>>): string[] {
  const codes = tries.flatMap(one => one.status === 'rejected' ? (one.reason as AppError).code : [])
  return [...tries.filter(({ status }) => status === 'fulfilled').map(() => 'stored'), ...codes]
}

/** What `InsightStore` promises of the host's own ids. `open` gives a store with no insights in it. */
export function externalIdContract (t: Tap, name: string, open: () => Promise<InsightStore>): void {
  const contract = (title: string, test: (t: Tap, store: InsightStore) => Promise<void>): void => {
    t.test(`${name}: ${title}`, async t => { await test(t, await open()) })
  }

  contract('an external id that is taken is refused, and nothing is stored', async (t, store) => {
    const first = await store.create(named('taken-1', { connects: 1 }))
    await t.rejects(store.create(named('taken-1', { connects: 2 })), TAKEN)
    const second = await store.create(named('taken-2'))
    await t.rejects(store.replaceFields(second.id, named('taken-1', { twitter_handle: 'other' })), TAKEN)
    await t.rejects(store.replaceFields(second.id, named('taken-1'), { ifRev: 1 }), TAKEN)
    t.same(await store.find(first.id), first)
    t.same(await store.find(second.id), second)
    t.equal((await store.claimDue({ limit: 10, leaseMs: 60_000 })).length, 2, 'no third one is there')
  })

  contract('any number of insights has no external id', async (t, store) => {
    const created = await Promise.all([1, 2, 3].map(async () => await store.create(named(null))))
    const [first] = created as [InsightDocument]
    t.match(await store.replaceFields(first.id, named(null, { connects: 3 })), { fields: { external_id: null, connects: 3 } })
  })

  contract('an insight keeps its external id when it is replaced', async (t, store) => {
    const { id } = await store.create(named('kept-1'))
    t.match(await store.replaceFields(id, named('kept-1', { connects: 3 })), { identity_rev: 1, fields: { external_id: 'kept-1', connects: 3 } })
    await t.rejects(store.create(named('kept-1')), TAKEN)
  })

  contract('an external id is free again after its insight is removed', async (t, store) => {
    const first = await store.create(named('removed-1'))
    await store.remove(first.id)
    const second = await store.create(named('removed-1'))
    t.not(second.id, first.id, 'it is a new insight')
  })

  contract('an external id is free again after its insight has another one or none', async (t, store) => {
    const { id } = await store.create(named('changed-1'))
    await store.replaceFields(id, named('changed-2'))
    await store.create(named('changed-1'))
    await store.replaceFields(id, named(null))
    await store.create(named('changed-2'))
    await t.rejects(store.replaceFields(id, named('changed-2')), TAKEN)
  })

  contract('of creates with one external id at the same moment exactly one succeeds', async (t, store) => {
    for (let round = 0; round < 5; round++) {
      const tries = await Promise.allSettled(Array.from({ length: 8 }, async () => await store.create(named(`race-${round}`))))
      t.same(outcomesOf(tries), ['stored', ...Array.from({ length: tries.length - 1 }, () => 'INS_EXTERNAL_ID_TAKEN')])
    }
    t.equal((await store.claimDue({ limit: 100, leaseMs: 60_000 })).length, 5)
  })

  contract('of a create and a replacement that want one external id exactly one gets it', async (t, store) => {
    for (let round = 0; round < 10; round++) {
      const { id } = await store.create(named(null))
      const wanted = named(`contest-${round}`)
      const tries = await Promise.allSettled([store.create(wanted), store.replaceFields(id, wanted)])
      t.same(outcomesOf(tries), ['stored', ...Array.from({ length: tries.length - 1 }, () => 'INS_EXTERNAL_ID_TAKEN')])
    }
  })

  contract('external ids are compared letter by letter and kept as sent', async (t, store) => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 255 })
      .filter(value => value.isWellFormed() && !value.includes('\0') && value.length <= 255)
    const texts = new Set(['a', 'A', ' a', 'a ', '\u00e9', 'e\u0301', '1', '$a', 'a.b', 'null', '\u{1F600}', 'x'.repeat(255), '\u{1F600}'.repeat(127),
      ...fc.sample(text, 30)])
    for (const value of texts) {
      const { id } = await store.create(named(value))
      t.equal((await store.find(id))?.fields.external_id, value)
      await t.rejects(store.create(named(value)), TAKEN)
    }
  })
}
