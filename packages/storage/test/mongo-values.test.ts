import { explain, INSIGHT_1, toSignals, type SourceRecord } from '@insights/shared'
import { t } from 'tap'
import { collectionOf, fieldsWith, findMongo, openLab, openRaw, useMongo } from './mongo-lab.js'

const { skip } = findMongo()

/** Texts that mean something to the server or to JavaScript when they are not treated as plain text. */
const TELLING_TEXTS = ['$score', '$$NOW', '$$ROOT', '$', 'fields.connects', '{"$gt":""}', '__proto__', 'constructor', '.', '']

if (skip === false) {
  const server = await useMongo()
  t.teardown(async () => { await server.stop() })

  t.test('no text of a client is taken for an expression, a path or an operator', async t => {
    const { insights } = await openLab(t, server)
    for (const text of TELLING_TEXTS) {
      const works = text === '' ? [] : [{ item_id: text, source_type: 1 as const, is_individual_work: true, in_app_plays: 1 }]
      const fields = fieldsWith({ twitter_handle: text, instagram_handle: text, works })
      const { id } = await insights.create(fieldsWith())
      t.strictSame((await insights.replaceFields(id, fields))?.fields, fields, text)
      const { documents: [run] } = await insights.startRefreshes([id], { leaseMs: 60_000 })
      if (run === undefined) throw new Error('not started')
      const error = { code: text, detail: text, at: '2026-11-23T15:42:00.123Z' }
      const sources: SourceRecord[] = run.sources.map(source => ({ ...source, state: 'stale', error }))
      const breakdown = { ...explain(INSIGHT_1, toSignals(fields, sources, INSIGHT_1)), model: text }
      await insights.saveResults([
        { id, claim: 1, identity_rev: run.identity_rev, rev: run.rev, sources, breakdown, end: { done: run.refresh.wanted, nextInMs: null } }
      ])
      t.match(await insights.find(id), { fields, sources, breakdown })
    }
  })

  t.test('what a token is called is plain text', async t => {
    const { tokens } = await openLab(t, server)
    for (const [index, name] of TELLING_TEXTS.entries()) {
      const token = { hash: String(index).repeat(64), name, scopes: ['read' as const], expires_at: '2030-01-01T00:00:00.000Z' }
      await tokens.add(token)
      t.match(await tokens.findByHash(token.hash), token)
    }
  })

  t.test('a token that is added twice at the same moment is there once', async t => {
    const { tokens } = await openLab(t, server)
    const token = { hash: 'f'.repeat(64), name: 'host', scopes: ['read' as const], expires_at: null }
    await t.resolves(Promise.all(Array.from({ length: 16 }, async () => await tokens.add(token))))
    t.equal((await tokens.list()).length, 1)
  })

  t.test('times are dates, page ids are text and counts are exact in the collection itself', async t => {
    const { insights, url } = await openLab(t, server)
    const largest = Number.MAX_SAFE_INTEGER
    const { id } = await insights.create(fieldsWith({ facebook_page_id: '99999999999999999999', connects: largest }))
    const { documents: [run] } = await insights.startRefreshes([id], { leaseMs: 60_000 })
    if (run === undefined) throw new Error('not started')
    const at = '2026-11-23T15:42:00.123Z'
    const sources: SourceRecord[] = run.sources.map(source => ({ ...source, state: 'ok', count: largest, fetched_at: at, next_at: at }))
    const breakdown = explain(INSIGHT_1, toSignals(run.fields, sources, INSIGHT_1))
    await insights.saveResults([{ id, claim: 1, identity_rev: 1, rev: 1, sources, breakdown, end: null }])
    const raw = await openRaw(t, url)
    const stored = await collectionOf(raw).findOne({ _id: id })
    t.strictSame(stored?.['fields'], fieldsWith({ facebook_page_id: '99999999999999999999', connects: largest }))
    t.match(stored, {
      created_at: Date,
      updated_at: Date,
      refresh: { due_at: Date, lease_until: Date, asked_at: Date },
      sources: [{ count: largest, fetched_at: new Date(at), next_at: new Date(at) }]
    })
    t.same((await insights.find(id))?.sources, sources)
  })
} else {
  t.plan(0, skip)
}
