import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { AppError, type Milliseconds } from '@insights/shared'
import type { InsightStore } from '@insights/storage'
import { readLines } from '../bodies/lines.js'
import { checkEncoding } from '../bodies/media-type.js'
import { refuseKey } from '../idempotency-key.js'
import { describe } from '../openapi/describe.js'
import { keepStreams, NO_HANDLER_TIMEOUT } from '../open-streams.js'
import { answer, bodyCodes, responses } from './answer-schemas.js'
import { importLines } from './import-lines.js'

export interface BulkOptions {
  store: InsightStore
  bodyLimitBytes: number
  requestTimeoutMs: Milliseconds
}

const NDJSON_TYPES = ['application/x-ndjson', 'application/ndjson', 'application/jsonl']

/**
 * Results that are kept for a client which sends everything before it reads anything: those of some hundred thousand
 * lines. Beyond that it has to read before more is taken from it.
 */
const KEPT_RESULT_BYTES = 8 * 1024 * 1024

const BulkSchema = describe({
  operationId: 'importInsights',
  summary: 'Store many insights, one a line',
  description: 'Takes NDJSON: each line is what a POST takes, and is answered by one line, in order: `{"line": 1, "status": 201, "id": 7}`, ' +
    'with 200 where an insight with its `external_id` was there, which is then replaced; or status, `code`, `detail` and `errors` of what is wrong with it. ' +
    'A wrong line harms no other. Empty lines count, and have no answer. The answer begins while lines still come in. ' +
    'A connection that breaks leaves whole insights: with an `external_id` on each line the file can be sent again. An `Idempotency-Key` is refused.',
  tags: ['insights'],
  documentedBody: Type.String({ description: 'Lines of JSON, each an insight as POST takes it' }),
  consumes: [...NDJSON_TYPES],
  response: responses({
    200: answer('A line for each line', Type.Unsafe<Readable>({ type: 'string' }), { mediaTypes: ['application/x-ndjson'] })
  }, bodyCodes),
  examples: {
    'two-lines': {
      summary: 'A new insight, and a mistake',
      body: '{"external_id":"artist-17","number_of_roles":2}\n{"connects":-1}\n',
      status: 200,
      answer: '{"line":1,"status":201,"id":7}\n' +
        '{"line":2,"status":400,"code":"INS_REQUEST_INVALID","detail":"/connects must be a whole number from 0 to 9007199254740991.",' +
        '"errors":[{"pointer":"/connects","code":"range","detail":"must be a whole number from 0 to 9007199254740991"}]}\n'
    }
  }
})

/** Many insights in one request. Their refreshes are not announced: they are due, and the planner finds them in batches. */
export const bulk: FastifyPluginAsyncTypebox<BulkOptions> = async (app, { store, bodyLimitBytes, requestTimeoutMs }) => {
  const keep = keepStreams(app)
  app.removeAllContentTypeParsers()
  for (const type of NDJSON_TYPES) app.addContentTypeParser(type, async (_request: unknown, body: Readable) => body)
  app.addContentTypeParser('*', async () => { throw refusedType() })

  app.post('/api/user_insights/bulk', {
    schema: BulkSchema, config: { scope: 'write', isLongBody: true }, handlerTimeout: NO_HANDLER_TIMEOUT
  }, async (request, reply) => {
    if (!(request.body instanceof Readable)) throw refusedType()
    checkEncoding(request.headers)
    refuseKey(request)
    const batches = readLines(request.body, { maxLineBytes: bodyLimitBytes, stallMs: requestTimeoutMs })
    const results = async function * (): AsyncGenerator<string> {
      for await (const lines of batches) {
        const results = await importLines(store, lines, bodyLimitBytes)
        yield results.map(result => `${JSON.stringify(result)}\n`).join('')
        // A store may answer without the event loop having turned, and others are to be served too.
        await turn()
      }
    }
    const answered = keep(Readable.from(results(), { objectMode: false, highWaterMark: KEPT_RESULT_BYTES }))
    // A client that leaves also leaves what it was sending.
    reply.raw.once('close', () => { answered.destroy() })
    return await reply.type('application/x-ndjson').send(answered)
  })
}

function refusedType (): AppError {
  return new AppError('INS_REQUEST_MEDIA_TYPE', `Send lines of JSON as ${NDJSON_TYPES.join(', ')}, and say so in Content-Type.`)
}
