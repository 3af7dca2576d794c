import { randomUUID } from 'node:crypto'
import type { Milliseconds } from '@insights/shared'
import mongoose from 'mongoose'
import { MAX_COUNTED_DUE, type Backlog } from '../port.js'
import { updateAlike } from './bulk.js'
import { isSound, type Damage } from './damage.js'
import type { StoreDeps } from './deps.js'
import type { Models } from './models.js'
import * as pipelines from './pipelines.js'

/** Insights are addressed by their ids; the server might prefer the index of what is due, and look at much of it. */
const BY_ID = { _id: 1 } as const

/** A claimer that loses part of what it found to another one looks again, but not without end. */
const MAX_ROUNDS = 3

/**
 * Claims what is due. Each round asks the server's clock, reads the ids that are due from the index, and claims them
 * by an update that holds for each only while it still is due then: what another claimer took in between is due later than
 * `now`, so no id goes to two. A stamp tells which ones were won; when all were, nobody need ask.
 */
export async function claimDue (deps: StoreDeps, limit: number, leaseMs: Milliseconds): Promise<number[]> {
  const won: number[] = []
  for (let round = 0; round < MAX_ROUNDS && won.length < limit; round++) {
    const now = new Date(await deps.serverNow())
    const wanted = limit - won.length
    const candidates = await findDue(deps.models, now, wanted)
    if (candidates.length > 0) won.push(...await claim(deps, candidates, now, leaseMs))
    if (candidates.length < wanted) break
  }
  return won
}

/** Damaged documents that are due count as well, until the planner puts them off. */
export async function readBacklog ({ models, serverNow }: StoreDeps): Promise<Backlog> {
  const now = new Date(await serverNow())
  const [found] = await models.insights.aggregate<{ due: number, oldest: unknown }>([
    { $match: { 'refresh.due_at': { $lte: now } } },
    { $sort: { 'refresh.due_at': 1, _id: 1 } },
    { $limit: MAX_COUNTED_DUE },
    { $group: { _id: null, due: { $sum: 1 }, oldest: { $first: '$refresh.due_at' } } }
  ])
  if (found === undefined) return { due: 0, oldestDueAgeMs: null }
  const [oldest] = [found.oldest].flat()
  return { due: found.due, oldestDueAgeMs: oldest instanceof Date ? now.getTime() - oldest.getTime() : null }
}

/** Times are compared with a date from the server, not with `$$NOW` in an expression, so that the index bounds the search. */
async function findDue (models: Models, now: Date, limit: number): Promise<unknown[]> {
  const due = await models.insights.find(
    { 'refresh.due_at': mongoose.trusted({ $lte: now }) }, { _id: 1 },
    { sort: { 'refresh.due_at': 1, _id: 1 }, limit, lean: true })
  return due.map(({ _id }) => _id)
}

async function claim (deps: StoreDeps, candidates: unknown[], now: Date, leaseMs: Milliseconds): Promise<number[]> {
  const ids = candidates.filter(isId)
  const stamp = randomUUID()
  const won = ids.length === 0 ? [] : await claimEach(deps, ids, now, leaseMs, stamp)
  if (won.length < candidates.length) {
    const isWon = new Set<unknown>(won)
    await putOffUnsound(deps.damage, candidates.filter(id => !isWon.has(id)), now)
  }
  return won
}

async function claimEach (deps: StoreDeps, ids: number[], now: Date, leaseMs: Milliseconds, stamp: string): Promise<number[]> {
  const update = pipelines.claimDue(leaseMs, stamp)
  const filter = { 'refresh.due_at': mongoose.trusted({ $lte: now }), ...isSound() }
  const matched = await updateAlike(deps, ids, { filter, update, hint: BY_ID })
  if (matched === ids.length) return ids
  if (matched === 0) return []
  const won = await deps.models.insights.find(
    { _id: mongoose.trusted({ $in: ids }), 'stamps.planned': stamp }, { _id: 1 }, { lean: true })
  return won.map(({ _id }) => _id)
}

/** What nobody could claim would stand at the head of the queue for ever, in the way of all others. */
async function putOffUnsound (damage: Damage, ids: unknown[], now: Date): Promise<void> {
  const due = { 'refresh.due_at': { $lte: now } }
  const strange = ids.filter(id => !isId(id))
  if (strange.length > 0) await damage.putOff({ _id: { $in: strange }, ...due })
  const rest = ids.filter(isId)
  if (rest.length > 0) await damage.putOff({ _id: { $in: rest }, ...due, $nor: [isSound()] })
}

function isId (id: unknown): id is number {
  return Number.isSafeInteger(id) && (id as number) >= 1
}
