import { randomUUID } from 'node:crypto'
import type { Milliseconds } from '@insights/shared'
import mongoose from 'mongoose'
import type { InsightDocument, RefreshResult, SaveSummary } from '../port.js'
import { updateAlike, updateEach } from './bulk.js'
import { isSound } from './damage.js'
import type { StoreDeps } from './deps.js'
import { recordAround } from './history.js'
import type { StoredInsight } from './models.js'
import * as pipelines from './pipelines.js'

/** Starts what is wanted and free, each insight if it still is so when it is written, and reads what was started. */
export async function startRefreshes (
  deps: StoreDeps, ids: readonly number[], leaseMs: Milliseconds
): Promise<{ now: Milliseconds, documents: InsightDocument[] }> {
  const stamp = randomUUID()
  const raws = ids.length === 0 ? [] : await start(deps, [...new Set(ids)], leaseMs, stamp)
  const now = await deps.serverNow()
  const read = raws.map(raw => ({ id: raw._id, document: deps.damage.read(raw, now) }))
  const damaged = read.filter(({ document }) => document === null).map(({ id }) => id)
  if (damaged.length > 0) await deps.damage.putOff({ _id: { $in: damaged }, 'stamps.started': stamp })
  return { now, documents: read.flatMap(({ document }) => document ?? []) }
}

async function start (deps: StoreDeps, ids: number[], leaseMs: Milliseconds, stamp: string): Promise<StoredInsight[]> {
  const update = pipelines.startRefresh(leaseMs, stamp)
  const matched = await updateAlike(deps, ids, { filter: { ...isSound(), $expr: pipelines.isStartable() }, update })
  if (matched === 0) return []
  return await deps.models.insights.find({ _id: mongoose.trusted({ $in: ids }), 'stamps.started': stamp }).lean()
}

export async function extendLeases (
  deps: StoreDeps, runs: ReadonlyArray<{ id: number, claim: number }>, leaseMs: Milliseconds
): Promise<void> {
  if (runs.length === 0) return
  const update = pipelines.extendLease(leaseMs)
  await updateEach(deps, runs.map(({ id, claim }) => (
    { filter: { _id: id, 'refresh.claim': claim, 'refresh.lease_until': { $ne: null } }, update })))
}

/**
 * Saves each result by an update that holds only while its run does. A stamp tells which ones did; when all did,
 * nobody need ask. (What another run wrote, or a delete removed, in the moment between the write and that question
 * counts as superseded, as it is by then.)
 */
export async function saveResults (deps: StoreDeps, results: readonly RefreshResult[]): Promise<SaveSummary> {
  const ids = results.map(result => result.id)
  if (ids.length === 0) await deps.serverNow()
  const saved = await recordAround(deps, results, async () => new Set(ids.length === 0 ? [] : await save(deps, ids, results)))
  return { saved: ids.filter(id => saved.has(id)), superseded: ids.filter(id => !saved.has(id)) }
}

async function save (deps: StoreDeps, ids: number[], results: readonly RefreshResult[]): Promise<number[]> {
  const stamp = randomUUID()
  const matched = await updateEach(deps, results.map(result => ({
    filter: { _id: result.id, 'refresh.claim': result.claim, identity_rev: result.identity_rev },
    update: pipelines.saveResult(result, stamp)
  })))
  if (matched === ids.length) return ids
  if (matched === 0) return []
  const stamped = await deps.models.insights.find(
    { _id: mongoose.trusted({ $in: ids }), 'stamps.saved': stamp }, { _id: 1 }, { lean: true })
  return stamped.map(({ _id }) => _id)
}
