/** What the contract suite has to know of a platform: how it is asked and how it answers. */
import type { ServerResponse } from 'node:http'
import type { Platform } from '@insights/shared'
import type { Test } from 'tap'
import type { ClientSettings } from '../../src/client.js'
import { createGovernor, type Governor } from '../../src/governor.js'
import { createMemoryState } from '../../src/memory-state.js'
import type { PlatformClient } from '../../src/port.js'
import { NO_LIMITS, rulesOf } from '../../src/rules.js'
import { startServer, type FakeRequest, type FakeServer, type Respond } from '../fake-server.js'

/** A reply's content: counts as JSON text, in the order in which the platform lists them. */
export interface FakeAnswer {
  found: ReadonlyArray<readonly [id: string, count: string]>
  missing: readonly string[]
}

export interface PlatformDialect {
  platform: Platform
  /** The n-th of many ids, in normal form. */
  id: (n: number) => string
  /** Other texts for the same id. */
  variants: (id: string) => string[]
  invalid: string[]
  /** Texts that may only be seen in headers and forms. */
  secrets: string[]
  open: (baseUrl: string, settings: ClientSettings) => PlatformClient
  /** The ids that a request asks for, in its order. */
  asked: (request: FakeRequest) => string[]
  answer: (request: FakeRequest, response: ServerResponse, answer: FakeAnswer) => void
  /** How the platform writes a count. */
  writeCount: (count: number) => string
  /** JSON texts that are no counts. */
  badCounts: string[]
  /** Answers what is no lookup, such as a token request; false = it is a lookup. */
  serveOther?: (request: FakeRequest, response: ServerResponse) => boolean
}

export const PATH_PREFIX = '/some/prefix'

/** Limits small enough to be reached, and no pauses between tries. */
export const testSettings: ClientSettings = {
  timeoutMs: 5000,
  deadlineMs: 8000,
  maxReplyBytes: 256 * 1024,
  userAgent: 'insights-test/1',
  clock: { now: () => Date.parse('2026-11-23T12:00:00Z') },
  random: () => 0
}

/** Holds back what the platform refuses or says of itself, in memory and by the clock of the test settings. */
export function createTestGovernor (): Governor {
  const { clock } = testSettings
  const accounts = { youtube: 'youtube', soundcloud: 'soundcloud', x: 'x', facebook: 'graph', instagram: 'graph' }
  return createGovernor({ shared: createMemoryState(clock), clock, rules: rulesOf(NO_LIMITS), accounts })
}

export interface Fake {
  client: PlatformClient
  server: FakeServer
  /** The requests that were lookups. */
  lookups: () => FakeRequest[]
}

/** Starts a server that leaves lookups to `respond`, and a client for it. */
export async function openFake (
  t: Test, dialect: PlatformDialect, respond: Respond, settings: Partial<ClientSettings> = {}
): Promise<Fake> {
  const lookups: FakeRequest[] = []
  const server = await startServer(t, (request, response) => {
    if (dialect.serveOther?.(request, response) === true) return
    lookups.push(request)
    return respond(request, response)
  })
  const client = dialect.open(server.url + PATH_PREFIX, { ...testSettings, ...settings })
  t.teardown(() => client.close())
  return { client, server, lookups: () => lookups }
}

/** Answers every lookup from a table of counts. */
export function answerFrom (dialect: PlatformDialect, counts: ReadonlyMap<string, number>): Respond {
  return (request, response) => {
    const asked = dialect.asked(request)
    dialect.answer(request, response, {
      found: asked.filter(id => counts.has(id)).map(id => [id, dialect.writeCount(counts.get(id) ?? 0)]),
      missing: asked.filter(id => !counts.has(id))
    })
  }
}
