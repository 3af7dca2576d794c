import { createHash } from 'node:crypto'
import { defaultFields, isAppError } from '@insights/shared'
import type { InsightStore } from '../../src/port.js'
import { hashReceipt } from '../../src/receipts.js'

type Tap = import('tap').Test

const ARTIST = {
  ...defaultFields(),
  twitter_handle: 'a-personal-handle',
  facebook_page_id: '123456789012345678901',
  works: ['a-personal-work', 'another'].map(id => ({ item_id: id, source_type: 1 as const, is_individual_work: true, in_app_plays: 7 }))
}
const OPEN = { limit: 10, afterMs: 0 }

/** What `RemovalStore` promises. */
export function removalContract (t: Tap, name: string, open: () => Promise<InsightStore>): void {
  const contract = (title: string, test: (t: Tap, store: InsightStore) => Promise<void>): void => {
    t.test(`${name}: ${title}`, async t => { await test(t, await open()) })
  }

  contract('a removal gives a receipt without any personal field, which can be read again', async (t, store) => {
    const { id } = await store.create(ARTIST)
    t.equal(await store.findReceipt(id), null)
    const receipt = await store.remove(id)
    t.match(receipt, { id, deleted_at: /^20.*Z$/, removed: { insights: 1, works: 2, accounts: 2 } })
    t.notMatch(JSON.stringify(receipt), /personal|12345678901234/)
    t.same(await store.findReceipt(id), receipt)
    t.equal(await store.find(id), null)
    t.equal(await store.remove(id), null, 'there is nothing more to remove')
    t.same(await store.findReceipt(id), receipt, 'and the receipt stays')
    t.equal(await store.finishRemovals(OPEN), 0, 'nothing is left to do')
  })

  contract('the hash of a receipt follows from the rest of it', async (t, store) => {
    const { id } = await store.create(ARTIST)
    const receipt = await store.remove(id)
    if (receipt === null) throw new Error('not removed')
    const text = `{"deleted_at":"${receipt.deleted_at}","id":${id},"removed":{"accounts":2,"insights":1,"works":2}}`
    t.equal(receipt.hash, createHash('sha256').update(text).digest('hex'))
    t.equal(hashReceipt(receipt), receipt.hash)
    t.not(hashReceipt({ ...receipt, removed: { ...receipt.removed, works: 3 } }), receipt.hash)
  })

  contract('nobody has a receipt of what was never removed', async (t, store) => {
    t.equal(await store.findReceipt(404_404), null)
    t.equal(await store.remove(404_404), null)
    t.equal(await store.findReceipt(404_404), null)
  })

  contract('a removal under an old rev is refused and leaves everything', async (t, store) => {
    const { id } = await store.create(ARTIST)
    await store.replaceFields(id, defaultFields())
    await t.rejects(store.remove(id, { ifRev: 1 }), { code: 'INS_INSIGHT_CHANGED' })
    t.match(await store.find(id), { rev: 2 })
    t.equal(await store.findReceipt(id), null)
    t.equal(await store.finishRemovals(OPEN), 0)
    t.match(await store.remove(id, { ifRev: 2 }), { id, removed: { works: 0, accounts: 0 } })
  })

  contract('of several removals at once one gets the receipt', async (t, store) => {
    const { id } = await store.create(ARTIST)
    const receipts = await Promise.all(Array.from({ length: 8 }, async () => await store.remove(id)))
    const [receipt, ...others] = receipts.filter(receipt => receipt !== null)
    t.same(others, [])
    t.same(await store.findReceipt(id), receipt)
    t.equal(await store.finishRemovals(OPEN), 0)
  })

  contract('a removal and changes at the same moment end in a removed insight and a true receipt', async (t, store) => {
    for (let round = 0; round < 20; round++) {
      const { id } = await store.create(ARTIST)
      const fields = { ...defaultFields(), twitter_handle: 'other' }
      const [receipt, changed] = await Promise.all([
        store.remove(id), store.replaceFields(id, fields).catch(error => { if (!isAppError(error)) throw error }), store.requestRefresh(id)
      ])
      t.match(receipt, { id, removed: changed == null ? { works: 2, accounts: 2 } : { works: 0, accounts: 1 } })
      t.equal(await store.find(id), null)
    }
  })
}
