import type { FastifyInstance } from 'fastify'
import plugin from 'fastify-plugin'
import { Type } from '@sinclair/typebox'
import { createScrape, createScrapeGuard } from '@insights/metrics'
import type { ApiDeps, Monitoring } from '../deps.js'
import { describe } from '../openapi/describe.js'
import { answer, responses } from '../routes/answer-schemas.js'

export interface MetricsOptions extends Pick<ApiDeps, 'store' | 'tokens' | 'clock' | 'platforms'> {
  monitoring: Monitoring
}

/** Scrapers come every few seconds; only what goes wrong with them is worth a line. */
const logLevel = 'warn'

const ScrapeSchema = describe({
  operationId: 'getMetrics',
  summary: 'Metrics for Prometheus',
  description: 'Answered while the store is away too, to tokens that it has seen before.',
  tags: ['operations'],
  isUncounted: true,
  response: responses({ 200: answer('The metrics of this process', Type.String(), { mediaTypes: ['text/plain'] }) }, []),
  examples: { scrape: { summary: 'A scrape', status: 200 } }
})

/**
 * Counts every answer under the pattern of its route, and serves the metrics at `/metrics` to tokens with the scope
 * `metrics` or `admin`. Scrapes do not count towards the limit of their token: they must not depend on the counters.
 * Has to be registered before the routes that it is to count.
 */
export const metrics = plugin(async (app: FastifyInstance, { monitoring, store, tokens, clock, platforms }: MetricsOptions) => {
  const { metrics, countJobs } = monitoring
  const checkToken = createScrapeGuard({ tokens, clock })
  const scrape = createScrape({ metrics, readBacklog: async () => await store.backlog(), countJobs, platforms })

  app.addHook('onResponse', (request, reply, done) => {
    const route = request.is404 ? null : request.routeOptions.url ?? null
    metrics.observeHttp({ method: request.method, route, status: reply.statusCode, seconds: reply.elapsedTime / 1000 })
    done()
  })

  app.get('/metrics', {
    logLevel,
    schema: ScrapeSchema,
    config: { scope: 'metrics', allowBasic: true },
    onRequest: async request => { await checkToken(request.headers.authorization) }
  }, async (_request, reply) => {
    const { contentType, text } = await scrape()
    return await reply.type(contentType).send(text)
  })
}, { name: 'metrics' })
