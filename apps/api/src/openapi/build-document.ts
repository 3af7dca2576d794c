import { createMetrics } from '@insights/metrics'
import { systemClock } from '@insights/shared'
import fastify from 'fastify'
import { buildApp } from '../app.js'
import type { ApiDeps } from '../deps.js'

/** The OpenAPI document of the whole API, as it is served at `/openapi.json`. Opens nothing: no route is called. */
export async function buildOpenApiDocument (): Promise<object> {
  const app = await buildApp({
    store: {} as ApiDeps['store'],
    tokens: {} as ApiDeps['tokens'],
    history: { read: async () => [] },
    enqueueRefresh: async () => {},
    dropRefresh: async () => {},
    log: fastify({ logger: { level: 'silent' } }).log,
    clock: systemClock,
    platforms: { modes: {} as never, readStatus: async () => ({}) as never },
    monitoring: { metrics: createMetrics(), countJobs: async () => ({}) as never }
  }, { bodyLimitBytes: 1024, requestTimeoutMs: 1000, rateLimitPerMinute: 1 })
  try {
    return app.swagger()
  } finally {
    await app.close()
  }
}
