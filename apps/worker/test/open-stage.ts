import type { PGlite } from '@electric-sql/pglite'
import { openPlatforms, type PlatformSettings } from '@insights/platforms'
import { openSandbox, type Sandbox } from '@insights/sandbox'
import { defaultFields, type InsightFields, type Log } from '@insights/shared'
import type { HistoryStore, InsightDocument, InsightStore } from '@insights/storage'
import { createPgliteHistoryStore, createPgliteInsightStore, migratePglite } from '@insights/storage/pglite'
import { openMemoryDatabase } from '@insights/testkit/memory-database'
import { buildRefreshPolicy } from '../src/refresh-policy.js'
import type { RefreshDeps } from '../src/refresh.js'

type Tap = import('tap').Test

export const DAY = 86_400_000
export const INTERVALS = { youtube: DAY, soundcloud: DAY, x: DAY, facebook: DAY, instagram: DAY }

/** The documented example, with a track number that SoundCloud can have. */
export const EXAMPLE_2: InsightFields = {
  ...defaultFields(),
  number_of_roles: 1,
  number_of_acts: 8,
  profile_views: 8,
  profile_searches: 7,
  connects: 2,
  facebook_page_id: '4546477',
  twitter_handle: 'gigpro',
  instagram_handle: 'gigpro',
  works: [
    { item_id: 'l4WNrvVjiTw', source_type: 1, is_individual_work: true, in_app_plays: 7 },
    { item_id: '230230230', source_type: 2, is_individual_work: false, in_app_plays: 30 }
  ]
}

/** What was logged, by message. */
export interface KeptLog extends Log { messages: string[] }

export function keepLog (): KeptLog {
  const messages: string[] = []
  const keep = (_details: object, message: string): void => { messages.push(message) }
  return { messages, debug: keep, info: keep, warn: keep, error: keep }
}

export interface Stage {
  store: InsightStore
  history: HistoryStore
  sandbox: Sandbox
  /** Real clients on the sandbox, or on what stands in front of X there, with these settings. */
  depsWith: (t: Tap, settings?: PlatformSettings, urlOfX?: string) => RefreshDeps & { log: KeptLog, history: HistoryStore }
  find: (id: number) => Promise<InsightDocument>
}

/** A real store in memory and a real sandbox, for one test file. */
export async function openStage (t: Tap): Promise<Stage & { db: PGlite }> {
  const db = await openMemoryDatabase()
  t.teardown(async () => { await db.close() })
  await migratePglite(db)
  return { db, ...await openStageOn(t, createPgliteInsightStore(db), createPgliteHistoryStore(db)) }
}

/** A real sandbox beside a store. */
export async function openStageOn (t: Tap, store: InsightStore, history: HistoryStore): Promise<Stage> {
  const sandbox = await openSandbox()
  t.teardown(sandbox.close)
  return {
    store,
    history,
    sandbox,
    depsWith: (t, settings = {}, urlOfX = sandbox.baseUrls.x) => {
      const { baseUrls: { soundcloudToken, ...baseUrls }, credentials } = sandbox
      const platforms = openPlatforms({
        youtube: { baseUrl: baseUrls.youtube, ...credentials.youtube },
        soundcloud: { baseUrl: baseUrls.soundcloud, tokenUrl: soundcloudToken, ...credentials.soundcloud },
        x: { baseUrl: urlOfX, ...credentials.x },
        facebook: { baseUrl: baseUrls.facebook, ...credentials.facebook },
        instagram: { baseUrl: baseUrls.instagram, ...credentials.instagram }
      }, { random: () => 0, ...settings })
      t.teardown(platforms.close)
      return { store, history, platforms: platforms.loaders, policy: buildRefreshPolicy(INTERVALS), random: () => 0.5, log: keepLog() }
    },
    find: async id => {
      const document = await store.find(id)
      if (document === null) throw new Error(`Insight ${id} is not there`)
      return document
    }
  }
}

/** The count and state of each source, by its key. */
export function sourcesOf (document: InsightDocument): Record<string, [count: number | null, state: string]> {
  return Object.fromEntries(document.sources.map(({ platform, source_id: id, count, state }) => [`${platform}:${id}`, [count, state]]))
}
