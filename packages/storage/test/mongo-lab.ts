import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { defaultFields, explain, INSIGHT_1, toSignals, type InsightFields, type Log } from '@insights/shared'
import { findMongo, startMongo, useMongo, type MongoServer } from '@insights/testkit/mongo-server'
import mongoose, { type Connection } from 'mongoose'
import type { Test } from 'tap'
import { migrateMongo, openMongo } from '../src/mongo/index.js'
import type { HistoryStore } from '../src/history-port.js'
import type { InsightDocument, InsightStore, RefreshResult } from '../src/port.js'
import type { TokenStore } from '../src/token-port.js'

export { findMongo, startMongo, useMongo, type MongoServer }

export interface LogEntry {
  level: keyof Log
  details: object
  message: string
}

export interface RecordingLog extends Log {
  entries: LogEntry[]
  /** The entries of the level whose message has this text in it. */
  find: (level: keyof Log, text: string) => LogEntry[]
}

export function createRecordingLog (): RecordingLog {
  const entries: LogEntry[] = []
  const record = (level: keyof Log) => (details: object, message: string): void => {
    entries.push({ level, details, message })
  }
  return {
    entries,
    debug: record('debug'),
    info: record('info'),
    warn: record('warn'),
    error: record('error'),
    find: (level, text) => entries.filter(entry => entry.level === level && entry.message.includes(text))
  }
}

export const newDatabase = (): string => `insights_${randomUUID()}`

export const fieldsWith = (changes: Partial<InsightFields> = {}): InsightFields => ({ ...defaultFields(), ...changes })

/** A connection of the test's own, to plant and to look. */
export async function openRaw (t: Test, url: string): Promise<Connection> {
  const connection = await mongoose.createConnection(url).asPromise()
  connection.on('error', () => {})
  t.teardown(async () => { await connection.destroy() })
  return connection
}

/** A document of which nothing is known. */
export interface AnyDocument {
  _id: number | string | mongoose.mongo.ObjectId
  [name: string]: unknown
}

/** The collection itself, past the schemas of mongoose. */
export function collectionOf (raw: Connection, name = 'insights'): mongoose.mongo.Collection<AnyDocument> {
  if (raw.db === undefined) throw new Error('not connected')
  return raw.db.collection<AnyDocument>(name)
}

/** The result of a run that learned nothing new. */
export function resultOf (document: InsightDocument): RefreshResult {
  const { id, sources, refresh } = document
  const breakdown = explain(INSIGHT_1, toSignals(document.fields, sources, INSIGHT_1))
  const end = { done: refresh.wanted, nextInMs: 3_600_000 }
  return { id, claim: refresh.claim, identity_rev: document.identity_rev, rev: document.rev, sources, breakdown, end }
}

export interface Lab {
  url: string
  insights: InsightStore
  history: HistoryStore
  tokens: TokenStore
  log: RecordingLog
  close: () => Promise<void>
}

/** Leaves nothing behind on a server that belongs to others, but for what a failed test was about. */
export function dropAfter (t: Test, url: string): void {
  if (findMongo().sharedUrl === null) return
  t.teardown(async () => {
    if (!t.passing()) return
    const connection = await mongoose.createConnection(url).asPromise()
    await connection.dropDatabase()
    await connection.destroy()
  })
}

/** The stores on a migrated database of their own. */
export async function openLab (t: Test, server: Pick<MongoServer, 'url'>, database = newDatabase()): Promise<Lab> {
  const url = server.url(database)
  const log = createRecordingLog()
  await migrateMongo({ url, log })
  dropAfter(t, url)
  return await openAt(t, url, log)
}

export async function openAt (t: Test, url: string, log = createRecordingLog()): Promise<Lab> {
  const opened = await openMongo({ url, log })
  t.teardown(opened.close)
  return { ...opened, url, log }
}

/** A server of the test's own, which is there no longer than the test. */
export async function ownServer (t: Test, options: { isStandalone?: boolean } = {}): Promise<MongoServer> {
  const server = await startMongo(options)
  t.teardown(async () => { await server.stop() })
  return server
}

/** Asks until the answer is there; the deadline is far beyond what a working store needs. */
export async function until (isThere: () => Promise<boolean>, deadlineMs = 20_000): Promise<void> {
  const deadline = Date.now() + deadlineMs
  while (!(await isThere())) {
    if (Date.now() > deadline) throw new Error(`The awaited state did not come: ${isThere.toString()}`)
    await delay(10)
  }
}

/** Whether the store answers. */
export async function isReachable (store: InsightStore): Promise<boolean> {
  return await store.ping().then(() => true, () => false)
}
