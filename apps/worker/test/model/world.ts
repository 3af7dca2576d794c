import type { CountLoaders, CountOutcome } from '@insights/platforms'
import { AppError, PLATFORMS, sourceKey, type InsightFields, type Platform } from '@insights/shared'
import type { HistoryStore, InsightStore } from '@insights/storage'
import type { TimeTravel } from '@insights/testkit/time-travel'
import { planDueRefreshes } from '../../src/plan.js'
import { buildRefreshPolicy, type RefreshPolicy } from '../../src/refresh-policy.js'
import { refreshInsights } from '../../src/refresh.js'
import { keepLog } from '../open-stage.js'

const HOUR = 3_600_000
export const LEASE_MS = 60_000

/** Far beyond what a run of the model takes: nothing in it happens because real time passes. */
const NEVER_MS = 3_600_000

/** An impatient worker looks for news every millisecond; when it has begun no save by then, there was nothing to save. */
const BEATS_WITHOUT_NEWS = 10

/** A lookup that waits for its platform's answer. */
interface Question {
  platform: Platform
  sourceId: string
  /** The number of the question: the count that a good answer gives grows with it, so that an older one shows. */
  number: number
  answer: (outcome: CountOutcome) => void
}

/** One worker process with the job that it works on. */
interface Worker {
  ids: readonly number[]
  questions: Question[]
  isDead: boolean
  /** Saves what is there while others are awaited, instead of waiting for all. */
  isImpatient: boolean
  saves: { made: number, underWay: number }
  ended: Promise<void>
  hasEnded: boolean
}

/** The real store and the real handlers, with platforms, a queue and processes that a test holds in its hands. */
export interface World {
  store: InsightStore
  history: HistoryStore
  policy: RefreshPolicy
  /** Waiting jobs. A queue may lose them, and gives them out in order. */
  jobs: number[][]
  /** Living workers that have a job. */
  busy: () => Worker[]
  /** How often each source of each insight was asked for: `<id>/<platform>:<source_id>`. */
  asked: Map<string, number>
  enqueue: (id: number) => void
  plan: () => Promise<void>
  /** A worker takes the next job; `null` when there is none. */
  startWorker: (isImpatient: boolean) => Promise<Worker | null>
  /** Answers one question of a worker, and waits until the worker has done what follows from it. */
  answer: (worker: Worker, question: Question, outcome: CountOutcome) => Promise<void>
  goodAnswer: (question: Question) => CountOutcome
  crash: (worker: Worker) => Promise<void>
  advance: (ms: number) => Promise<void>
}

/** Which of ten thousand counts belong to a source: counts of one are never those of another. */
export function tagOf (platform: Platform, sourceId: string): number {
  const known = [...sourceId].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 1_999, 7)
  return known * PLATFORMS.length + PLATFORMS.indexOf(platform)
}

export function numberOf (count: number): number {
  return Math.floor(count / 10_000)
}

export function createWorld (store: InsightStore, history: HistoryStore, { advance }: TimeTravel): World {
  const workers = new Set<Worker>()
  const asked = new Map<string, number>()
  const jobs: number[][] = []
  const intervals = { youtube: 24 * HOUR, soundcloud: 6 * HOUR, x: 24 * HOUR, facebook: 24 * HOUR, instagram: 24 * HOUR }
  const policy = buildRefreshPolicy(intervals)
  const log = keepLog()
  let questions = 0

  const queues = {
    countRefreshJobs: async () => ({ waiting: jobs.length, active: 0, delayed: 0, failed: 0 }),
    enqueueRefreshBatch: async (ids: readonly number[]) => { jobs.push([...ids]) }
  }

  function loadersOf (worker: Worker): CountLoaders {
    const loaderOf = (platform: Platform) => ({
      platform,
      load: async (sourceId: string) => await new Promise<CountOutcome>(resolve => {
        worker.questions.push({ platform, sourceId, number: ++questions, answer: resolve })
      })
    })
    return Object.fromEntries(PLATFORMS.map(platform => [platform, loaderOf(platform)]))
  }

  /** The store as a worker process sees it: after its death nothing of it arrives any more. */
  function storeOf (worker: Worker): InsightStore {
    const refuseTheDead = (): void => {
      if (worker.isDead) throw new AppError('INS_STORE_UNAVAILABLE', 'This process is dead.')
    }
    return {
      ...store,
      startRefreshes: async (ids, options) => {
        const started = await store.startRefreshes(ids, options)
        for (const { id, sources } of started.documents) {
          for (const source of sources.filter(isDueNow(started.now))) {
            const key = `${id}/${sourceKey(source)}`
            asked.set(key, (asked.get(key) ?? 0) + 1)
          }
        }
        return started
      },
      saveResults: async results => {
        refuseTheDead()
        worker.saves.underWay++
        try {
          return await store.saveResults(results)
        } finally {
          worker.saves.underWay--
          worker.saves.made++
        }
      },
      extendLeases: async (runs, options) => {
        refuseTheDead()
        await store.extendLeases(runs, options)
      }
    }
  }

  async function startWorker (isImpatient: boolean): Promise<Worker | null> {
    const ids = jobs.shift()
    if (ids === undefined) return null
    const worker: Worker = {
      ids, questions: [], isDead: false, isImpatient, saves: { made: 0, underWay: 0 }, ended: Promise.resolve(), hasEnded: false
    }
    workers.add(worker)
    const deps = {
      store: storeOf(worker),
      platforms: loadersOf(worker),
      policy,
      random: () => 0.5,
      log,
      leaseMs: LEASE_MS,
      patienceMs: isImpatient ? 1 : NEVER_MS,
      silenceLimitMs: NEVER_MS
    }
    worker.ended = refreshInsights(deps, ids).then(() => {}, (error: unknown) => {
      if (!worker.isDead) throw error
    }).finally(() => {
      worker.hasEnded = true
      workers.delete(worker)
    })
    await untilItWaits(worker, 0)
    return worker
  }

  /** Until the worker has ended, or waits for answers and has saved what it had. */
  async function untilItWaits (worker: Worker, savesBefore: number): Promise<void> {
    const { saves, questions, isImpatient } = worker
    let beats = 0
    const waits = (): boolean => {
      if (questions.length === 0 || saves.underWay > 0) return false
      return !isImpatient || saves.made > savesBefore || ++beats > BEATS_WITHOUT_NEWS
    }
    while (!worker.hasEnded && !waits()) await new Promise(resolve => isImpatient ? setTimeout(resolve, 1) : setImmediate(resolve))
    if (worker.hasEnded) await worker.ended
  }

  return {
    store,
    history,
    policy,
    jobs,
    asked,
    busy: () => [...workers].filter(({ isDead }) => !isDead),
    enqueue: id => {
      if (!jobs.some(ids => ids.length === 1 && ids[0] === id)) jobs.push([id])
    },
    plan: async () => { await planDueRefreshes({ store, queues, log, leaseMs: LEASE_MS }) },
    startWorker,
    answer: async (worker, question, outcome) => {
      const { made } = worker.saves
      worker.questions.splice(worker.questions.indexOf(question), 1)
      question.answer(outcome)
      await untilItWaits(worker, made)
    },
    goodAnswer: ({ platform, sourceId, number }) => ({ kind: 'ok', count: number * 10_000 + tagOf(platform, sourceId) }),
    crash: async worker => {
      worker.isDead = true
      for (const question of worker.questions) question.answer({ kind: 'hidden' })
      await worker.ended
    },
    advance
  }
}

/** Whether a run would ask for the source without anybody's wish; those with one are counted by the model. */
function isDueNow (now: number): (source: { next_at: string | null }) => boolean {
  return ({ next_at: nextAt }) => nextAt === null || Date.parse(nextAt) <= now
}

export type { Question, Worker }
export type Identity = Pick<InsightFields, 'twitter_handle' | 'instagram_handle' | 'facebook_page_id' | 'works'>
