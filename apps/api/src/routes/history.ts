import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Clock, SourceLink } from '@insights/shared'
import { compareSources, type HistoryStore, type InsightStore, type SourceObservation } from '@insights/storage'
import { invalidRequest } from '../invalid-request.js'
import { toLink } from '../links.js'
import { describe } from '../openapi/describe.js'
import { answer, responses } from './answer-schemas.js'
import { toHistories } from './history-answer.js'
import { HISTORY_BY_DAY, HISTORY_FAULTS, HISTORY_OF_A_VIDEO } from './history-examples.js'
import { toQuestion, writeCursor, type HistoryQuestion } from './history-input.js'
import { HistoryAnswerSchema, HistoryQuerySchema, MAX_OBSERVATIONS, MAX_SOURCES } from './history-schemas.js'
import { InsightPathSchema } from './insight-schemas.js'
import { unknownInsight } from './insights.js'

export interface HistoryRouteOptions {
  store: InsightStore
  history: Pick<HistoryStore, 'read'>
  clock: Clock
  /** What links begin with; `null` = as the request was addressed. */
  publicUrl: string | null
}

const ReadSchema = describe({
  operationId: 'getHistory',
  summary: 'See how the counts have changed over time',
  description: 'The observations of each account and work that the insight has now: what a platform answered, when that differed from what was known, ' +
    'and at least once for each UTC day on which it was asked. Nothing is filled in. A day or week without a point is one in which the platform was not asked; ' +
    'one whose `count` is null is one in which it gave none, as its `state` says; 0 is a count. ' +
    'The point of a day or week is its last count.\n\n' +
    'Kept are all observations of a day, one of each hour for 30 days, one of each day for a year, and one of each week for ten; ' +
    'those of YouTube for `YOUTUBE_RETENTION_DAYS`, 28 unless configured otherwise, as its terms demand. ' +
    `An answer holds ${MAX_SOURCES} accounts and works at most, and ${MAX_OBSERVATIONS} observations, each source as a whole: follow \`next\` until it is null.`,
  tags: ['history'],
  params: InsightPathSchema,
  querystring: HistoryQuerySchema,
  response: responses({ 200: answer('The history', HistoryAnswerSchema) }, ['INS_INSIGHT_UNKNOWN', 'INS_INSIGHT_DAMAGED']),
  examples: {
    'by-day': { summary: 'All accounts and works by day', params: { id: 1 }, status: 200, answer: HISTORY_BY_DAY },
    'one-video': {
      summary: 'Every observation of one video', params: { id: 1 }, query: { source: 'youtube:l4WNrvVjiTw', interval: 'raw' }, status: 200, answer: HISTORY_OF_A_VIDEO
    },
    'several-faults': {
      summary: 'Every faulty parameter is named', params: { id: 1 }, query: { source: 'myspace', interval: 'year' }, status: 400, answer: HISTORY_FAULTS
    }
  }
})

/** What was observed over time, source by source. */
export const history: FastifyPluginAsyncTypebox<HistoryRouteOptions> = async (app, { store, history, clock, publicUrl }) => {
  app.get('/api/user_insights/:id/history', { schema: ReadSchema, config: { scope: 'read' } }, async request => {
    const question = toQuestion(request.query, clock.now())
    const document = await store.find(request.params.id)
    if (document === null) throw unknownInsight()
    const { id } = document
    const { interval, from, to } = question
    const { sources, observations, last } = await readPage(history, id, question, wantedOf(document.sources, question))
    const next = last === null
      ? null
      : toLink(request, publicUrl, `/api/user_insights/${id}/history`, { ...request.query, interval, from, to, cursor: writeCursor(last) })
    return { id, interval, from, to, next, sources: toHistories(sources, observations, interval) }
  })
}

/** A source that the insight no longer has has no history, whether or not that is erased by now. */
function wantedOf (sources: readonly SourceLink[], { isWanted, after }: HistoryQuestion): SourceLink[] {
  return sources.filter(isWanted).toSorted(compareSources).filter(source => after === null || compareSources(source, after) > 0)
}

/** Whole sources only, so that the growth of each is that of the range. `last`: where the next page goes on; `null` = it is the last. */
async function readPage (
  history: Pick<HistoryStore, 'read'>, id: number, { from, to }: HistoryQuestion, wanted: readonly SourceLink[]
): Promise<{ sources: readonly SourceLink[], observations: readonly SourceObservation[], last: SourceLink | null }> {
  const asked = wanted.slice(0, MAX_SOURCES)
  const observations = await history.read(id, asked, { from, to, limit: MAX_OBSERVATIONS + 1 })
  const cut = observations.length > MAX_OBSERVATIONS ? observations.at(-1) : undefined
  const sources = cut === undefined ? asked : asked.filter(source => compareSources(source, cut) < 0)
  if (cut !== undefined && sources.length === 0) throw tooMany()
  return { sources, observations, last: sources.length < wanted.length ? sources.at(-1) ?? null : null }
}

/** Only while a source is asked every minute, and only until that is thinned out. */
function tooMany (): Error {
  return invalidRequest([
    { pointer: '/from', code: 'range', detail: `must be nearer to \`to\`: one source has more than ${MAX_OBSERVATIONS} observations in between` }
  ])
}
