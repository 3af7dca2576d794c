/** What a platform, or somebody in its place, may answer to harm: from the socket through to what is stored. */
import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { t } from 'tap'
import type { PlatformSettings } from '@insights/platforms'
import type { Fault } from '@insights/sandbox'
import { PLATFORMS, type InsightFields, type Platform } from '@insights/shared'
import { refreshInsights, type RefreshDeps } from '../src/refresh.js'
import { EXAMPLE_2, openStage, sourcesOf } from './open-stage.js'

type Plain<T> = T extends unknown ? Omit<T, 'platform'> : never
type HostileFault = Plain<Fault>

const { store, sandbox, depsWith, find } = await openStage(t)
sandbox.clock.freeze()
t.beforeEach(() => { sandbox.reset() })

const OTHER: InsightFields = {
  ...EXAMPLE_2,
  facebook_page_id: '99999999999999999999',
  twitter_handle: 'somebody_else',
  instagram_handle: 'somebody.else',
  works: [
    { item_id: 'dQw4w9WgXcQ', source_type: 1, is_individual_work: true, in_app_plays: 7 },
    { item_id: '1848538203', source_type: 2, is_individual_work: false, in_app_plays: 30 }
  ]
}

/** Everywhere but at the token host, whose answers are no counts. */
const PATHS: Record<Platform, string> = { youtube: '*', soundcloud: '/tracks*', x: '*', facebook: '*', instagram: '*' }

function attack (fault: HostileFault): void {
  for (const platform of PLATFORMS) sandbox.faults.add({ platform, path: PATHS[platform], times: 'always', ...fault } as Fault)
}

function impatient (deps: RefreshDeps): RefreshDeps {
  const now = { youtube: 0, soundcloud: 0, x: 0, facebook: 0, instagram: 0 }
  return { ...deps, policy: { ...deps.policy, freshForMs: now, oncePerUtcDay: new Set() } }
}

interface Attacked {
  ids: number[]
  /** Refreshes both insights under attack and gives what is stored of their sources. */
  refresh: () => Promise<Array<Record<string, [number | null, string]>>>
  before: Array<Record<string, [number | null, string]>>
}

/** Two insights with good counts, which the next refresh asks for again. */
async function prepare (t: import('tap').Test, settings: PlatformSettings = {}): Promise<Attacked> {
  const ids = [(await store.create(EXAMPLE_2)).id, (await store.create(OTHER)).id]
  const sources = async () => await Promise.all(ids.map(async id => sourcesOf(await find(id))))
  await refreshInsights(depsWith(t), ids)
  const deps = impatient(depsWith(t, settings))
  return {
    ids,
    before: await sources(),
    refresh: async () => {
      for (const id of ids) await store.requestRefresh(id)
      await refreshInsights(deps, ids)
      return await sources()
    }
  }
}

/** The same counts with another state. */
function as (state: string, sources: Attacked['before']): Attacked['before'] {
  return sources.map(ofInsight => Object.fromEntries(Object.entries(ofInsight).map(([key, [count]]) => [key, [count, state]])))
}

async function codesOf (ids: readonly number[]): Promise<string[]> {
  const documents = await Promise.all(ids.map(find))
  return [...new Set(documents.flatMap(({ sources }) => sources.map(({ error }) => error?.code ?? 'none')))]
}

const counts = (json: string): HostileFault => ({ kind: 'count', json })
const good = { 'content-type': 'application/json' }
const POISON = '{"__proto__":{"count":1},"items":[{"__proto__":{"viewCount":"1"}}],"collection":[],"data":[],"constructor":{"prototype":{}}}'

for (const [what, fault] of [
  ['HTML with status 200', { kind: 'html' }],
  ['nothing', { kind: 'empty' }],
  ['null', { kind: 'wrong_type' }],
  ['an empty list', { kind: 'wrong_type', body: [] }],
  ['an object with nothing in it', { kind: 'wrong_type', body: {} }],
  ['a text', { kind: 'wrong_type', body: 'text' }],
  ['JSON cut in the middle', { kind: 'truncated_json' }],
  ['an object with __proto__', { kind: 'status', status: 200, body: POISON, headers: good }],
  ['lists within lists, 100,000 deep', { kind: 'status', status: 200, body: '['.repeat(100_000), headers: good }],
  ['negative counts', counts('-1')],
  ['negative counts in text', counts('"-1"')],
  ['fractional counts', counts('1.5')],
  ['counts of 1e400', counts('1e400')],
  ['counts beyond 2^53', counts('18446744073709551616')],
  ['counts that are true', counts('true')],
  ['counts that are lists', counts('[1]')],
  ['counts that are objects', counts('{"valueOf":1}')],
  ['items of strangers', { kind: 'strangers' }]
] as Array<[string, HostileFault]>) {
  t.test(`${what}: counts stay, and the state says so`, async t => {
    const { before, refresh, ids } = await prepare(t)
    attack(fault)
    t.strictSame(await refresh(), as('stale', before))
    t.strictSame(await codesOf(ids), ['INS_PLATFORM_REPLY'])
    sandbox.faults.clear()
    t.strictSame(await refresh(), before, 'and the next good answer is taken')
  })
}

t.test('items in another order: each id has its own count or keeps the one it had', async t => {
  const { before, refresh } = await prepare(t)
  attack({ kind: 'reversed' })
  const after = await refresh()
  t.strictSame(as('any', after), as('any', before))
  const states = Object.fromEntries(Object.entries(after[0] ?? {}).map(([key, [, state]]) => [key.split(':')[0], state]))
  t.strictSame(states, { youtube: 'ok', soundcloud: 'ok', x: 'ok', facebook: 'stale', instagram: 'stale' }, 'parts of a batch go by their place')
})

t.test('a redirect to this machine opens no connection', async t => {
  let connections = 0
  const canary = createServer(socket => {
    connections++
    socket.destroy()
  }).listen(0, '127.0.0.1')
  await once(canary, 'listening')
  t.teardown(() => canary.close())
  const location = `http://127.0.0.1:${(canary.address() as AddressInfo).port}/secrets`
  const { before, refresh } = await prepare(t)
  for (const status of [301, 302, 303, 307, 308]) {
    sandbox.faults.clear()
    attack({ kind: 'status', status, body: {}, headers: { location } })
    t.strictSame(await refresh(), as('stale', before), String(status))
  }
  sandbox.faults.clear()
  sandbox.faults.add({ platform: 'soundcloud', path: '/tracks', kind: 'status', status: 200, body: { collection: [], next_href: location } })
  await refresh()
  t.equal(connections, 0)
})

/** More than a thousand megabytes are thrown at it, of which five may be kept, per platform. */
const MOST_GROWTH_BYTES = 150 * 1024 * 1024

t.test('endless, huge and packed bodies: memory stays bounded, counts stay, and the state says so', async t => {
  const { before, refresh, ids } = await prepare(t)
  const start = process.memoryUsage().rss
  let most = start
  const watch = setInterval(() => { most = Math.max(most, process.memoryUsage().rss) }, 10)
  t.teardown(() => clearInterval(watch))
  for (const kind of ['endless', 'huge', 'gzip_bomb'] as const) {
    sandbox.faults.clear()
    attack({ kind })
    t.strictSame(await refresh(), as('stale', before), kind)
    t.strictSame(await codesOf(ids), ['INS_PLATFORM_REPLY'], kind)
  }
  t.comment(`memory grew by ${Math.round((most - start) / 1_048_576)} MiB`)
  t.ok(most - start < MOST_GROWTH_BYTES, `${most - start} bytes`)
})

t.test('a byte per second: the refresh ends with its time, counts stay, and the state says so', async t => {
  const { before, refresh, ids } = await prepare(t, { timeoutMs: 300, deadlineMs: 700 })
  attack({ kind: 'drip' })
  t.strictSame(await refresh(), as('stale', before))
  t.strictSame(await codesOf(ids), ['INS_PLATFORM_TIMEOUT'])
})
