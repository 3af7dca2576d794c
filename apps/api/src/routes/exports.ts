import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { InsightStore, ListedInsight, ListFilter, ListPosition } from '@insights/storage'
import { describe } from '../openapi/describe.js'
import { keepStreams, NO_HANDLER_TIMEOUT } from '../open-streams.js'
import { answer, responses } from './answer-schemas.js'
import { KNOWN_ARTIST, KNOWN_ARTIST_AS_CSV } from './insight-examples.js'
import { FORMATS, formatOf, type ExportFormat, type FormatName } from './export-format.js'
import { toFilter } from './list-input.js'
import { FILTERS } from './list-schemas.js'

/** Some hundred kilobytes of text: large enough to be worth a question, small enough to be forgotten. */
const PAGE = 200

const NAMES = Object.keys(FORMATS) as FormatName[]

const ExportQuerySchema = Type.Object({
  format: Type.Optional(Type.Union(NAMES.map(name => Type.Literal(name)), { description: 'Goes before `Accept`; NDJSON where neither says anything' })),
  ...FILTERS
}, { additionalProperties: false })

const ExportSchema = describe({
  operationId: 'exportInsights',
  summary: 'Export insights as NDJSON or CSV',
  description: 'One insight a line, by id. Insights that are there from beginning to end come exactly once, whatever is written meanwhile. ' +
    'An answer that could not be completed ends with a broken connection. In CSV (RFC 4180) what is unknown is empty, `works` are JSON, ' +
    'and a text that a program for tables would compute gets an apostrophe in front.',
  tags: ['insights'],
  querystring: ExportQuerySchema,
  response: responses({
    200: answer('The insights', Type.Unsafe<Readable>({ type: 'string' }), { mediaTypes: ['application/x-ndjson', 'text/csv'], headers: ['content-disposition'] })
  }, []),
  examples: {
    lines: { summary: 'Those with a score, as NDJSON', query: { min_score: 7 }, status: 200, answer: `${JSON.stringify(KNOWN_ARTIST)}\n` },
    table: { summary: 'Those with a score, as CSV', query: { format: 'csv', min_score: 7 }, status: 200, answer: KNOWN_ARTIST_AS_CSV, answerType: 'text/csv' }
  }
})

/** All insights in one answer. */
export const exports: FastifyPluginAsyncTypebox<{ store: InsightStore }> = async (app, { store }) => {
  const keep = keepStreams(app)

  app.get('/api/user_insights/export', {
    schema: ExportSchema, config: { scope: 'read' }, handlerTimeout: NO_HANDLER_TIMEOUT
  }, async (request, reply) => {
    const { format: name, ...filters } = request.query
    const format = FORMATS[name ?? formatOf(request.headers.accept)]
    const pages = readPages(store, toFilter(filters))
    reply.headers({ 'content-type': format.mediaType, 'content-disposition': `attachment; filename="${format.fileName}"`, vary: 'accept' })
    if (request.method === 'HEAD') return await reply.send(Readable.from([]))
    // While there is no answer yet, a store that is away can still be said.
    const first = await pages.next()
    return await reply.send(keep(Readable.from(toTexts(format, first, pages), { objectMode: false })))
  })
}

/** By id, which never changes: no insight can move past the place up to which was read. */
async function * readPages (store: InsightStore, filter: ListFilter): AsyncGenerator<ListedInsight[], void> {
  let from: ListPosition | null = null
  do {
    const page = await store.list({ order: { key: 'id', isDescending: false }, filter, limit: PAGE, from, isBackward: false })
    yield page.insights
    from = page.far
    // A store may answer without the event loop having turned, and others are to be served too.
    await turn()
  } while (from !== null)
}

async function * toTexts (
  { head, toText }: ExportFormat, first: IteratorResult<ListedInsight[], void>, rest: AsyncIterable<ListedInsight[]>
): AsyncGenerator<string> {
  if (head !== '') yield head
  const firstPage = first.done === true ? [] : [first.value]
  for (const page of firstPage) if (page.length > 0) yield page.map(toText).join('')
  for await (const page of rest) if (page.length > 0) yield page.map(toText).join('')
}
