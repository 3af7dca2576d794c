import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { InsightStore, ListPage, ListQuery } from '@insights/storage'
import { createCursors, type CursorPlace } from '../cursors.js'
import { invalidRequest } from '../invalid-request.js'
import { toLink } from '../links.js'
import { describe } from '../openapi/describe.js'
import { answer, responses } from './answer-schemas.js'
import { toInsightAnswer } from './insight-answer.js'
import { KNOWN_ARTIST } from './insight-examples.js'
import { toFilter, toOrder } from './list-input.js'
import { DEFAULT_LIMIT, ListAnswerSchema, ListQuerySchema } from './list-schemas.js'

export interface ListRouteOptions {
  store: InsightStore
  /** What links begin with; `null` = as the request was addressed. */
  publicUrl: string | null
}

const PATH = '/api/user_insights'

const ListSchema = describe({
  operationId: 'listInsights',
  summary: 'List insights, page by page',
  description: 'Follow `next` until it is null. A page stays where it is while others create and delete insights. ' +
    'Filters other than `external_id`, and than that on the key of the ordering, look through insights that they do not give: ' +
    'a page looks at 5,000 at most, so that it may be short, or empty, and have a `next` all the same.',
  tags: ['insights'],
  querystring: ListQuerySchema,
  response: responses({ 200: answer('A page of insights', ListAnswerSchema) }, []),
  examples: {
    'one-page': {
      summary: 'Those with a score',
      query: { min_score: 7 },
      status: 200,
      answer: { next: null, previous: null, results: [KNOWN_ARTIST] }
    }
  }
})

/** Finding insights. */
export const lists: FastifyPluginAsyncTypebox<ListRouteOptions> = async (app, { store, publicUrl }) => {
  const cursors = createCursors(async () => await store.cursorSecret())

  app.get(PATH, { schema: ListSchema, config: { scope: 'read' } }, async request => {
    const { cursor, limit = DEFAULT_LIMIT, ordering = 'id', ...filters } = request.query
    const filter = toFilter(filters)
    const name = JSON.stringify([ordering, Object.entries(filter).sort(([a], [b]) => a < b ? -1 : 1)])
    const place = cursor === undefined ? { from: null, isBackward: false } : await cursors.read(cursor, name)
    if (place === null) {
      throw invalidRequest([{ pointer: '/cursor', code: 'value', detail: 'must be one from a link of a page with the same ordering and filters' }])
    }
    const page = await store.list({ order: toOrder(ordering), filter, limit, ...place })
    const linkTo = async (to: CursorPlace | null): Promise<string | null> => {
      if (to === null) return null
      const isStart = to.from === null && !to.isBackward
      const { cursor: _left, ...parameters } = request.query
      return toLink(request, publicUrl, PATH, { ...parameters, ...(!isStart && { cursor: await cursors.write(to, name) }) })
    }
    const { next, previous } = neighboursOf(page, place, cursor !== undefined)
    return { next: await linkTo(next), previous: await linkTo(previous), results: page.insights.map(toInsightAnswer) }
  })
}

/** Where the pages before and after begin; no place to begin from means one of the ends of the list. */
function neighboursOf (
  { near, far }: ListPage, { isBackward }: Pick<ListQuery, 'isBackward'>, isLinked: boolean
): { next: CursorPlace | null, previous: CursorPlace | null } {
  const onward = far === null ? null : { from: far, isBackward }
  // An empty page has no insight to turn round at: it is turned at the place up to which it looked.
  const back = { from: near ?? far, isBackward: !isBackward }
  if (isBackward) return { next: back, previous: onward }
  return { next: onward, previous: isLinked ? back : null }
}
