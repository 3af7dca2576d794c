import { t } from 'tap'
import { defaultFields, pendingSource, type Platform, type SourceRecord } from '@insights/shared'
import type { InsightDocument } from '@insights/storage'
import { toRefreshAnswer } from '../src/routes/refresh-answer.js'

const at = (minute: number): string => `2026-11-23T12:0${minute}:00.000Z`

function record (platform: Platform, part: Partial<SourceRecord>): SourceRecord {
  return { ...pendingSource({ platform, source_id: 'a' }), ...part }
}

function documentWith (sources: SourceRecord[]): InsightDocument {
  return {
    id: 1,
    fields: defaultFields(),
    sources,
    score: 0,
    breakdown: null,
    rev: 1,
    identity_rev: 1,
    refresh: {
      wanted: 1, done: 1, forced: 0, due_at: null, claim: 1, lease_until: null, asked_at: at(0), done_at: at(1), is_pending: false, is_running: false
    },
    created_at: at(0),
    updated_at: at(0)
  }
}

t.test('works of a platform are summed up, worst state first', async t => {
  const error = { code: 'INS_PLATFORM_NOT_FOUND', detail: 'The platform does not know the id.', at: at(3) }
  const { youtube, soundcloud } = toRefreshAnswer(documentWith([
    record('youtube', { source_id: 'one', state: 'ok', count: 30, fetched_at: at(5), next_at: at(9) }),
    record('youtube', { source_id: 'two', state: 'stale', count: 12, fetched_at: at(2), next_at: at(8), error }),
    record('youtube', { source_id: 'three', state: 'not_found', count: null, next_at: at(9), error: { ...error, at: at(4) } }),
    record('soundcloud', { state: 'ok', count: 0, fetched_at: at(1), next_at: at(2) })
  ])).sources
  const { works, ...summary } = youtube
  t.same(summary, { state: 'stale', count: 42, fetched_at: at(2), next_at: at(8), error })
  t.same(works.map(work => [work.item_id, work.state, work.count]), [['one', 'ok', 30], ['two', 'stale', 12], ['three', 'not_found', null]])
  t.equal(soundcloud.count, 0, 'a known zero is not unknown')
})

t.test('a work that is fetched as soon as possible makes that the next time', async t => {
  const { youtube } = toRefreshAnswer(documentWith([
    record('youtube', { source_id: 'one', state: 'ok', count: 1, fetched_at: at(1), next_at: at(2) }),
    record('youtube', { source_id: 'two' })
  ])).sources
  t.same([youtube.state, youtube.count, youtube.next_at], ['pending', 1, null])
})

t.test('a run in progress is more than one that waits', async t => {
  const document = documentWith([])
  const stateOf = (isRunning: boolean, isPending: boolean): string =>
    toRefreshAnswer({ ...document, refresh: { ...document.refresh, is_running: isRunning, is_pending: isPending } }).state
  t.same([stateOf(true, true), stateOf(true, false), stateOf(false, true), stateOf(false, false)], ['running', 'running', 'pending', 'done'])
})
