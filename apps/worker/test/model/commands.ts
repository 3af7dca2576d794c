import fc from 'fast-check'
import type { CountOutcome } from '@insights/platforms'
import { defaultFields, type InsightFields } from '@insights/shared'
import { checkInvariants, checkRest, type Known, type Model } from './invariants.js'
import { LEASE_MS, type Question, type Worker, type World } from './world.js'

export type Command = fc.AsyncCommand<Model, World>

const HOUR = 3_600_000

/** What a command does, with what it is called in a counterexample; the invariants are checked after each. */
function command (name: string, run: (model: Model, world: World) => Promise<void>, check: (model: Model) => boolean = () => true): Command {
  return {
    check,
    run: async (model, world) => {
      await run(model, world)
      await checkInvariants(model, world)
    },
    toString: () => name
  }
}

const handle = fc.constantFrom(null, 'ada', 'ben', 'cyd')
const works = fc.uniqueArray(fc.record({
  item_id: fc.constantFrom('video000001', 'video000002', '300300300'),
  source_type: fc.constantFrom(1 as const, 2 as const),
  is_individual_work: fc.boolean(),
  in_app_plays: fc.nat(9)
}, { noNullPrototype: true }), { selector: work => `${work.source_type}:${work.item_id}`, maxLength: 2 })
const identity = fc.record({
  twitter_handle: handle, instagram_handle: handle, facebook_page_id: fc.constantFrom(null, '12345678901234567890'), works
}, { noNullPrototype: true })

const failed = (code: 'INS_PLATFORM_STATUS' | 'INS_PLATFORM_REPLY'): CountOutcome =>
  ({ kind: 'failed', failure: { reason: 'transient', code, detail: 'x', retryAt: null } })

/** What a platform may say; `ok` gives the count of the question. */
const REPLIES: Record<string, (world: World, question: Question) => CountOutcome> = {
  ok: (world, question) => world.goodAnswer(question),
  429: () => ({ kind: 'failed', failure: { reason: 'throttled', code: 'INS_PLATFORM_THROTTLED', detail: 'x', retryAt: Date.now() + HOUR } }),
  '5xx': () => failed('INS_PLATFORM_STATUS'),
  garbage: () => failed('INS_PLATFORM_REPLY'),
  missing: () => ({ kind: 'not_found' }),
  hidden: () => ({ kind: 'hidden' })
}

const pick = <T>(list: readonly T[], index: number): T => list[index % list.length] as T

/** An insight that is still there. */
function pickKnown (model: Model, index: number): Known {
  return pick([...model.known.values()].filter(({ isRemoved }) => !isRemoved), index)
}

const hasSome = (model: Model): boolean => [...model.known.values()].some(({ isRemoved }) => !isRemoved)

async function replace (world: World, known: Known, fields: InsightFields): Promise<void> {
  known.fields = fields
  known.reasons++
  await world.store.replaceFields(known.id, fields)
  world.enqueue(known.id)
}

async function reply (model: Model, world: World, worker: Worker, question: Question, kind: string): Promise<void> {
  if (kind !== 'ok') addReasons(model, worker.ids)
  await world.answer(worker, question, (REPLIES[kind] as typeof REPLIES[string])(world, question))
}

async function replyToAll (model: Model, world: World, worker: Worker): Promise<void> {
  for (let question = worker.questions[0]; question !== undefined; question = worker.questions[0]) {
    await reply(model, world, worker, question, 'ok')
  }
}

function addReasons (model: Model, ids: readonly number[]): void {
  for (const id of ids) {
    const known = model.known.get(id)
    if (known !== undefined) known.reasons++
  }
}

const someWorker = (world: World, index: number): Worker | undefined => {
  const busy = world.busy()
  return busy.length === 0 ? undefined : pick(busy, index)
}

const create = identity.map(fields => command(`create ${JSON.stringify(fields)}`, async (model, world) => {
  const given = { ...defaultFields(), ...fields }
  const { id } = await world.store.create(given)
  model.add(id, given)
  world.enqueue(id)
}))

const patchHandles = fc.tuple(fc.nat(9), identity).map(([index, fields]) => command(`patch handles of ${index} ${JSON.stringify(fields)}`, async (model, world) => {
  const known = pickKnown(model, index)
  await replace(world, known, { ...known.fields, ...fields })
}, hasSome))

const patchFacts = fc.tuple(fc.nat(9), fc.nat(99)).map(([index, connects]) => command(`patch facts of ${index}`, async (model, world) => {
  const known = pickKnown(model, index)
  await replace(world, known, { ...known.fields, connects })
}, hasSome))

const remove = fc.nat(9).map(index => command(`delete ${index}`, async (model, world) => {
  const known = pickKnown(model, index)
  known.isRemoved = true
  await world.store.remove(known.id)
}, hasSome))

const requestRefresh = fc.nat(9).map(index => command(`request refresh of ${index}`, async (model, world) => {
  const known = pickKnown(model, index)
  known.reasons++
  await world.store.requestRefresh(known.id)
  world.enqueue(known.id)
}, hasSome))

const plan = fc.constant(command('plan', async (_model, world) => { await world.plan() }))

const flushQueue = fc.constant(command('flush queue', async (_model, world) => { world.jobs.length = 0 }))

const startWorker = fc.boolean().map(isImpatient => command(`start ${isImpatient ? 'impatient' : 'patient'} worker`, async (_model, world) => {
  await world.startWorker(isImpatient)
}))

const crash = fc.tuple(fc.nat(9), fc.boolean()).map(([index, isFound]) => command(`crash worker ${index}${isFound ? '' : ', job lost'}`, async (model, world) => {
  const worker = someWorker(world, index)
  if (worker === undefined) return
  addReasons(model, worker.ids)
  await world.crash(worker)
  if (isFound) world.jobs.push([...worker.ids])
}))

const loseLock = fc.nat(9).map(index => command(`worker ${index} loses its lock`, async (model, world) => {
  const worker = someWorker(world, index)
  if (worker === undefined) return
  addReasons(model, worker.ids)
  world.jobs.push([...worker.ids])
}))

/** Its job is given to another one, which finds the leases ended: two work on the same insights. */
const standStill = fc.nat(9).map(index => command(`worker ${index} stands still for longer than its leases`, async (model, world) => {
  const worker = someWorker(world, index)
  if (worker === undefined) return
  for (const known of model.known.values()) known.reasons++
  await world.advance(2 * LEASE_MS)
  world.jobs.unshift([...worker.ids])
  await world.startWorker(false)
}))

const replyOne = fc.tuple(fc.constantFrom(...Object.keys(REPLIES)), fc.nat(9), fc.nat(9)).map(([kind, index, which]) =>
  command(`reply ${kind} to worker ${index}`, async (model, world) => {
    const worker = someWorker(world, index)
    if (worker !== undefined) await reply(model, world, worker, pick(worker.questions, which), kind)
  }))

const replyAll = fc.nat(9).map(index => command(`reply ok to all of worker ${index}`, async (model, world) => {
  const worker = someWorker(world, index)
  if (worker !== undefined) await replyToAll(model, world, worker)
}))

const passTime = fc.constantFrom(20_000, 2 * LEASE_MS, 7 * HOUR, 25 * HOUR, 240 * HOUR).map(ms => command(`${ms / 1000} s pass`, async (model, world) => {
  for (const known of model.known.values()) known.reasons++
  await world.advance(ms)
}))

const often = <T>(times: number, kind: T): T[] => Array.from({ length: times }, () => kind)

/** Every kind of step, as often as it takes for them to meet. Indexes are taken modulo what there is. */
export const COMMANDS: Array<fc.Arbitrary<Command>> = [
  ...often(2, create), ...often(2, patchHandles), ...often(2, patchFacts), remove, ...often(2, requestRefresh),
  ...often(2, plan), ...often(2, flushQueue), ...often(5, startWorker), crash, loseLock, ...often(3, standStill),
  ...often(4, replyOne), ...often(5, replyAll), ...often(2, passTime)
]

/** Lets everything come to rest: parts are back, platforms answer, time passes. Then nothing may be left undone. */
export async function comeToRest (model: Model, world: World): Promise<void> {
  for (let round = 0; round < 40 && (round === 0 || !(await isAtRest(model, world))); round++) {
    await world.plan()
    await world.startWorker(false)
    for (const worker of world.busy()) await replyToAll(model, world, worker)
    for (const known of model.known.values()) known.reasons++
    if (world.jobs.length === 0) await world.advance(2 * 60_000)
    await checkInvariants(model, world)
  }
  await checkRest(model, world)
}

async function isAtRest (model: Model, world: World): Promise<boolean> {
  const there = [...model.known.values()].filter(({ isRemoved }) => !isRemoved)
  const documents = await Promise.all(there.map(async ({ id }) => await world.store.find(id)))
  return world.jobs.length === 0 && documents.every(document => document?.refresh.is_pending === false)
}
