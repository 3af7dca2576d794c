import assert from 'node:assert/strict'
import { explain, INSIGHT_1, linkedSources, sourceKey, toSignals, type InsightFields, type SourceLink } from '@insights/shared'
import type { HistoryStore, InsightDocument } from '@insights/storage'
import { expiresAt } from '../../src/expiry.js'
import { numberOf, tagOf, type World } from './world.js'

/** What must be true of one insight, from what was done to it. */
export interface Known {
  id: number
  /** The last accepted write. */
  fields: InsightFields
  isRemoved: boolean
  /** Everything that has happened which may cost one more question for each source. */
  reasons: number
  last: InsightDocument | null
  /** Every account and work that it has ever named. */
  links: Map<string, SourceLink>
}

export interface Model {
  known: Map<number, Known>
  add: (id: number, fields: InsightFields) => void
}

export function createModel (): Model {
  const known = new Map<number, Known>()
  return {
    known,
    add: (id, fields) => {
      assert(!known.has(id), `id ${id} was given out twice`)
      known.set(id, { id, fields, isRemoved: false, reasons: 0, last: null, links: new Map() })
    }
  }
}

/** What holds at any moment. */
export async function checkInvariants (model: Model, { store, history, asked }: World): Promise<void> {
  for (const known of model.known.values()) {
    const document = await store.find(known.id)
    for (const link of linkedSources(known.fields)) known.links.set(sourceKey(link), link)
    await checkHistory(history, known.id, [...known.links.values()], document)
    if (known.isRemoved) {
      assert.equal(document, null, `insight ${known.id} was deleted and is there`)
      continue
    }
    assert(document !== null, `insight ${known.id} is gone`)
    assert.deepEqual(document.fields, known.fields, 'the client\'s fields are not those of its last write')
    checkCounts(document, known)
    checkCounters(document, known.last)
    for (const link of linkedSources(known.fields)) {
      const times = asked.get(`${known.id}/${sourceKey(link)}`) ?? 0
      assert(times <= known.reasons + 1, `${times} questions for ${known.reasons + 1} reasons`)
    }
    known.last = document
  }
}

/** Counts belong to the accounts and works that the insight names now, and never go back to an older question. */
function checkCounts (document: InsightDocument, { last }: Known): void {
  assert.deepEqual(document.sources.map(sourceKey), linkedSources(document.fields).map(sourceKey), 'the sources are those of other accounts or works')
  const before = new Map(last?.sources.map(source => [sourceKey(source), source.count]))
  for (const source of document.sources) {
    if (source.count === null) continue
    assert.equal(source.count % 10_000, tagOf(source.platform, source.source_id), 'a count is that of another source')
    const older = before.get(sourceKey(source)) ?? null
    assert(older === null || numberOf(source.count) >= numberOf(older), 'a count went back to an older answer')
  }
  assert.equal(document.score, document.breakdown?.score ?? document.score, 'the score is not that of its breakdown')
}

/** A history is that of the accounts and works that the insight names now, and leads to the counts that it shows. */
export async function checkHistory (
  history: HistoryStore, id: number, links: readonly SourceLink[], document: InsightDocument | null
): Promise<void> {
  const observations = await history.read(id, links, { from: null, to: null, limit: 10_000 })
  const lastCounts = new Map<string, number>()
  for (const observation of observations) {
    const key = sourceKey(observation)
    assert(document?.sources.some(source => sourceKey(source) === key), `there is a history of ${key}, which the insight does not have`)
    if (observation.count === null) continue
    assert.equal(observation.count % 10_000, tagOf(observation.platform, observation.source_id), 'an observation is that of another source')
    lastCounts.set(key, observation.count)
  }
  for (const source of document?.sources ?? []) {
    if (source.count !== null) assert.equal(lastCounts.get(sourceKey(source)), source.count, 'a count was not observed')
  }
}

function checkCounters (document: InsightDocument, last: InsightDocument | null): void {
  if (last === null) return
  const countersOf = ({ rev, identity_rev: identityRev, refresh }: InsightDocument): Record<string, number> =>
    ({ rev, identityRev, wanted: refresh.wanted, done: refresh.done, claim: refresh.claim, forced: refresh.forced })
  const now = countersOf(document)
  for (const [name, value] of Object.entries(countersOf(last))) {
    assert((now[name] ?? 0) >= value, `${name} went back from ${value} to ${now[name] ?? 0}`)
  }
  assert(now.done as number <= (now.wanted as number), 'more is done than was wanted')
}

/** What holds when nothing is left to do. */
export async function checkRest (model: Model, { store, policy }: World): Promise<void> {
  for (const { id, isRemoved } of model.known.values()) {
    const document = isRemoved ? null : await store.find(id)
    if (document === null) continue
    const { refresh, fields, sources, breakdown } = document
    assert.equal(refresh.done, refresh.wanted, `insight ${id} is not done`)
    assert.equal(refresh.is_running, false, `insight ${id} is still held`)
    assert.deepEqual(breakdown, explain(INSIGHT_1, toSignals(fields, sources, INSIGHT_1)), 'the score does not follow from what is stored')
    assert(sources.length === 0 || refresh.due_at !== null, `insight ${id} is never due again`)
    for (const source of sources) {
      assert((expiresAt(source, policy) ?? Infinity) > Date.now() - 180_000, 'a count is kept for too long')
    }
  }
}
