import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fastify, { type FastifyBaseLogger, type FastifyInstance, type InjectOptions, type LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import { createToken, hashToken, tokenIdOf, type Clock, type Scope } from '@insights/shared'
import type { HistoryStore, InsightStore, TokenStore } from '@insights/storage'
import { migrateMongo, openMongo } from '@insights/storage/mongo'
import { createPgliteHistoryStore, createPgliteInsightStore, createPgliteTokenStore, migratePglite } from '@insights/storage/pglite'
import { createAnswerCheck } from '@insights/testkit'
import { openMemoryDatabase } from '@insights/testkit/memory-database'
import { findMongo, useMongo } from '@insights/testkit/mongo-server'
import { buildApp, type ApiDeps, type ApiSettings } from '../src/index.js'

export interface TestStores {
  store: InsightStore
  tokens: TokenStore
  history: HistoryStore
  /** Moves all keys of calls into the past. */
  passKeyTime?: (ms: number) => Promise<void>
}

export interface PgliteTestStores extends TestStores {
  countInsights: () => Promise<number>
}

/** Real stores in memory. They take seconds to open, so a test file opens them once. */
export async function openTestStores (t: Test): Promise<PgliteTestStores> {
  const db = await openMemoryDatabase()
  t.teardown(async () => { await db.close() })
  await migratePglite(db)
  return {
    store: createPgliteInsightStore(db),
    tokens: createPgliteTokenStore(db),
    history: createPgliteHistoryStore(db),
    passKeyTime: async ms => {
      await db.query("update insights.idempotency_keys set expires_at = expires_at - $1 * interval '1 ms'", [ms])
    },
    countInsights: async () => {
      const { rows } = await db.query<{ count: number }>('select count(*)::int as count from insights.insights')
      return rows[0]?.count ?? 0
    }
  }
}

/**
 * Runs a suite on each store, every time on one of its own: on PGlite, and on MongoDB where there is a server.
 */
export function onEachStore (t: Test, suite: (t: Test, stores: TestStores) => Promise<void>): void {
  t.test('on PGlite', async t => { await suite(t, await openTestStores(t)) })
  t.test('on MongoDB', { skip: findMongo().skip }, async t => { await suite(t, await openMongoTestStores(t)) })
}

async function openMongoTestStores (t: Test): Promise<TestStores> {
  const server = await useMongo()
  t.teardown(async () => { await server.stop() })
  const options = { url: server.url(`insights_${randomUUID()}`), log: collectLog().log }
  await migrateMongo(options)
  const { insights, history, tokens, close } = await openMongo(options)
  t.teardown(close)
  return { store: insights, history, tokens }
}

/** Stores for what must not need any: whatever is asked of them fails. */
export const noStores: Pick<ApiDeps, 'store' | 'tokens'> = {
  store: failingObject('store'),
  tokens: failingObject('tokens')
}

/** Accepts whatever token is sent, with every right. */
export const anyToken: TokenStore = {
  ...noStores.tokens,
  findByHash: async hash => ({
    id: tokenIdOf(hash), hash, name: 'any', scopes: ['admin'], created_at: '2026-11-23T00:00:00.000Z', expires_at: null, last_used_at: null, revoked_at: null
  }),
  markUsed: async () => {}
}

export interface BareApi {
  /** Its `inject` rejects where an answer is none that the OpenAPI document has. */
  app: FastifyInstance
  /** For answers that the document need not know. */
  injectUncompared: (request: InjectOptions) => Promise<LightMyRequestResponse>
  /** The ids that were announced, in order. */
  announced: number[]
  /** The ids whose waiting refresh was to be dropped, in order. */
  dropped: number[]
  /** What was logged, each line parsed. */
  logged: Array<Record<string, unknown>>
  clock: Clock & { set: (now: number) => void }
}

export interface TestApi extends BareApi, TestStores {
  /** Sends a request with a token that may read and write. */
  send: (request: InjectOptions) => Promise<LightMyRequestResponse>
  token: string
}

/** The app on the given stores, with a token. `deps` and `settings` replace single parts. */
export async function buildTestApi (
  t: Test, stores: TestStores, deps: Partial<ApiDeps> = {}, settings: Partial<ApiSettings> = {}
): Promise<TestApi> {
  const api = await buildBareApi(t, { ...stores, ...deps }, settings)
  const token = await addToken(stores, ['read', 'write'])
  const send = async (request: InjectOptions): Promise<LightMyRequestResponse> =>
    await api.app.inject({ ...request, headers: { authorization: `Token ${token}`, ...request.headers } })
  return { ...stores, ...api, send, token }
}

/** The app, and what its surroundings saw. */
export async function buildBareApi (
  t: Test, deps: Pick<ApiDeps, 'store' | 'tokens'> & Partial<ApiDeps>, settings: Partial<ApiSettings> = {}
): Promise<BareApi> {
  const announced: number[] = []
  const dropped: number[] = []
  const { log, logged } = collectLog()
  const clock = settableClock()
  const app = await buildApp(
    { enqueueRefresh: async id => { announced.push(id) }, dropRefresh: async id => { dropped.push(id) }, log, clock, ...deps },
    { bodyLimitBytes: 1024 * 1024, requestTimeoutMs: 10_000, ...settings }
  )
  t.teardown(async () => { await app.close() })
  const injectUncompared = compareAnswers(app)
  return { app, injectUncompared, announced, dropped, logged, clock }
}

/** As it is committed; that it is the one of the code is tested elsewhere. */
const findDeviations = createAnswerCheck(JSON.parse(readFileSync(new URL('../../../docs/openapi.json', import.meta.url), 'utf8')))

/** Lets a test fail whose request is answered in a way that the OpenAPI document does not know. Gives the way around it. */
function compareAnswers (app: FastifyInstance): BareApi['injectUncompared'] {
  const inject = app.inject.bind(app) as (request: InjectOptions | string) => Promise<LightMyRequestResponse>
  const compared = async (request: InjectOptions | string): Promise<LightMyRequestResponse> => {
    const { method = 'GET', url } = typeof request === 'string' ? { url: request } : request
    const answer = await inject(request)
    const { statusCode: status, headers, payload: body } = answer
    const deviations = findDeviations({ method, url: String(url), status, headers, body })
    if (deviations.length > 0) throw new Error(deviations.join('\n'))
    return answer
  }
  app.inject = compared as FastifyInstance['inject']
  return inject
}

export async function addToken (
  { tokens }: Pick<TestStores, 'tokens'>, scopes: readonly Scope[], expiresAt: string | null = null
): Promise<string> {
  const token = createToken()
  await tokens.add({ hash: hashToken(token), name: 'test', scopes, expires_at: expiresAt })
  return token
}

function collectLog (): { log: FastifyBaseLogger, logged: BareApi['logged'] } {
  const logged: BareApi['logged'] = []
  const stream = { write: (line: string) => { logged.push(JSON.parse(line)) } }
  return { log: fastify({ logger: { level: 'trace', stream } }).log, logged }
}

function settableClock (): BareApi['clock'] {
  let instant = Date.parse('2026-11-23T12:00:00Z')
  return { now: () => instant, set: now => { instant = now } }
}

function failingObject<T extends object> (name: string): T {
  return new Proxy({} as T, { get: (_target, key) => { throw new Error(`${name}.${String(key)} is not needed here`) } })
}
