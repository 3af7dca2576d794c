import { performance } from 'node:perf_hooks'
import type { Metrics, SourceOutcome } from '@insights/metrics'
import type { CountLoaders, CountOutcome, LookupOptions } from '@insights/platforms'
import {
  explain, INSIGHT_1, toSignals, type Log, type Milliseconds, type ScoringModel, type SourceRecord
} from '@insights/shared'
import type { InsightDocument, InsightStore, RefreshResult, SourceObservation } from '@insights/storage'
import { dueAt } from './expiry.js'
import { keepLeases } from './leases.js'
import { toObservation } from './observations.js'
import { sharedAge, type RefreshPolicy } from './refresh-policy.js'
import { createSilence, GIVEN_UP, type Silence } from './silence.js'
import { applyOutcome, removeExpired, type TransitionContext } from './source-transition.js'

export interface RefreshDeps {
  store: InsightStore
  /** One loader per configured platform; it joins the lookups of jobs that run at the same time. */
  platforms: CountLoaders
  policy: RefreshPolicy
  /** Uniform in [0, 1). */
  random: () => number
  log: Log
  /** Counts what the lookups gave. */
  metrics?: Pick<Metrics, 'countLookup'>
  model?: ScoringModel
  /** How long a run holds an insight without a sign of life. */
  leaseMs?: Milliseconds
  /** Whether somebody waits for these insights in particular; others may be among planned ones. */
  isOnDemand?: boolean
  /** How long the answers that are there wait for the slower ones before they are saved. */
  patienceMs?: Milliseconds
  /** How long a platform may say nothing before its open lookups are given up; above what one call may take. */
  silenceLimitMs?: Milliseconds
  /** Shared by the runs of a process, which wait for one another's calls. */
  silence?: Silence
  /** Told each time that what came soon is saved and the rest is still waited for. */
  onWaiting?: () => void
}

/** What became of the insights asked for; those with nothing to do, unknown or held by another run are in none. */
export interface RefreshSummary {
  saved: number[]
  superseded: number[]
}

/** Equal to the lock of a job: when a dead worker's job is given out again, its insights are free too. */
export const REFRESH_LEASE_MS = 15_000
const PATIENCE_MS = 1_000
const SILENCE_LIMIT_MS = 11_000

/** One insight of a run: the records change in place as the answers come in. */
interface Run {
  document: InsightDocument
  sources: SourceRecord[]
  /** Those without an answer yet, by their place in `sources`. */
  openLookups: Set<number>
  /** What has been observed since the last save. */
  observations: SourceObservation[]
  /** Whether there is anything to save. */
  hasNews: boolean
}

/**
 * Refreshes the counts and the score of insights: takes those that want it, asks the platforms for every source that
 * is due, scores, and saves in bulk. Trouble with a platform is recorded with the source and never fails the call; an
 * insight whose platforms differ in speed gets the counts that are there every `patienceMs`. A platform that says
 * nothing at all is waited for no longer than `silenceLimitMs`, however many lookups wait for it.
 * Idempotent: ids with nothing to do are left out, a result that was overtaken is dropped.
 *
 * @throws AppError `INS_STORE_UNAVAILABLE`, `INS_STORE_FULL`: nothing is lost, the insights are due again.
 */
export async function refreshInsights (deps: RefreshDeps, ids: readonly number[]): Promise<RefreshSummary> {
  const leaseMs = deps.leaseMs ?? REFRESH_LEASE_MS
  const { now, documents } = await deps.store.startRefreshes(ids, { leaseMs })
  if (documents.length === 0) return { saved: [], superseded: [] }
  const clock = continueFrom(now)
  const runs = documents.map((document): Run => ({
    document, sources: [...document.sources], openLookups: new Set(), observations: [], hasNews: true
  }))
  const leases = keepLeases(deps, runs.map(run => ({ id: run.document.id, claim: run.document.refresh.claim })), leaseMs)
  try {
    const silence = deps.silence ?? createSilence()
    const lookups = runs.flatMap(run => startLookups({ ...deps, silence }, run, clock))
    return await saveAsTheyCome({ ...deps, silence }, runs, Promise.all(lookups), clock)
  } finally {
    leases.release()
  }
}

/** Tells the time of the store while a run lasts, whatever happens to the clock of this machine. */
function continueFrom (storeNow: Milliseconds): () => Milliseconds {
  const startedAt = performance.now()
  return () => storeNow + Math.round(performance.now() - startedAt)
}

type Listening = RefreshDeps & { silence: Silence }

function startLookups (deps: Listening, run: Run, clock: () => Milliseconds): Array<Promise<void>> {
  const isForced = run.document.refresh.forced > run.document.refresh.done
  const isWaitedFor = deps.isOnDemand === true || isForced
  return run.sources.flatMap((source, index) => {
    if (!isDue(source, isForced, clock(), deps.policy)) {
      run.sources[index] = removeExpired(source, contextOf(deps, clock))
      return []
    }
    run.openLookups.add(index)
    const maxAgeMs = sharedAge(deps.policy, source.platform, isWaitedFor, clock())
    return [lookUp(deps, run, index, source, clock, { urgency: isWaitedFor ? 'on_demand' : 'planned', maxAgeMs })]
  })
}

/** A count at its end is asked for once more; but a platform that named a time is not asked before it for anything. */
function isDue (source: SourceRecord, isForced: boolean, now: Milliseconds, policy: RefreshPolicy): boolean {
  if (source.next_at === null || Date.parse(source.next_at) <= now) return true
  // Whether a client's wish is held back too is for the platform's limits to say, which costs nothing.
  if (source.state === 'rate_limited' && !isForced) return false
  return dueAt(source, policy) <= now || (isForced && !isFresh(source, now, policy))
}

/** An answer that is in doubt is an answer all the same: asking at once would not settle it. */
function isFresh ({ platform, fetched_at: fetchedAt, doubted_at: doubtedAt }: SourceRecord, now: Milliseconds, policy: RefreshPolicy): boolean {
  const answers = [fetchedAt, doubtedAt].flatMap(at => at == null ? [] : Date.parse(at))
  return answers.some(at => now - at < policy.freshForMs[platform])
}

function contextOf ({ policy, random }: RefreshDeps, clock: () => Milliseconds): TransitionContext {
  return { now: clock(), policy, random }
}

async function lookUp (
  deps: Listening, run: Run, index: number, source: SourceRecord, clock: () => Milliseconds, options: LookupOptions
): Promise<void> {
  const outcome = await loadCount(deps, source, options)
  deps.silence.heard(source.platform, outcome)
  settle(deps, run, index, outcome, clock)
}

/** The first word on a lookup counts: what is heard after it was given up comes too late for this run. */
function settle (
  deps: RefreshDeps, run: Run, index: number, outcome: CountOutcome | null, clock: () => Milliseconds
): void {
  const source = run.sources[index]
  if (source === undefined || !run.openLookups.delete(index)) return
  deps.metrics?.countLookup(source.platform, toSourceOutcome(outcome))
  const context = contextOf(deps, clock)
  const after = applyOutcome(source, outcome, context)
  const observation = toObservation(source, after, context.now)
  if (observation !== null) run.observations.push(observation)
  run.sources[index] = after
  run.hasNews = true
}

function toSourceOutcome (outcome: CountOutcome | null): SourceOutcome {
  if (outcome === null) return 'not_configured'
  return outcome.kind === 'failed' ? outcome.failure.reason : outcome.kind
}

/** A loader that throws is a fault of ours: it costs this source one try, and no other insight anything. */
async function loadCount (deps: RefreshDeps, source: SourceRecord, options: LookupOptions): Promise<CountOutcome | null> {
  try {
    return await deps.platforms[source.platform]?.load(source.source_id, options) ?? null
  } catch (err) {
    deps.log.error({ err, platform: source.platform }, 'a lookup failed unexpectedly')
    const detail = 'The lookup failed inside the service: its log says more.'
    return { kind: 'failed', failure: { reason: 'transient', code: 'INS_INTERNAL', detail, retryAt: null } }
  }
}

/** Saves once when all answers come soon; otherwise whatever is new, again and again, until none is open. */
async function saveAsTheyCome (
  deps: Listening, runs: readonly Run[], allAnswered: Promise<unknown>, clock: () => Milliseconds
): Promise<RefreshSummary> {
  const startedAt = performance.now()
  const superseded: number[] = []
  for (let current = runs; ;) {
    await isSettledWithin(allAnswered, deps.patienceMs ?? PATIENCE_MS)
    giveUpTheSilent(deps, current, startedAt, clock)
    const summary = await save(deps, current.filter(run => run.hasNews), clock)
    superseded.push(...summary.superseded)
    const lost = new Set(summary.superseded)
    current = current.filter(run => (run.openLookups.size > 0 || run.hasNews) && !lost.has(run.document.id))
    if (current.length > 0) {
      deps.onWaiting?.()
      continue
    }
    const dropped = new Set(superseded)
    return { saved: runs.map(run => run.document.id).filter(id => !dropped.has(id)), superseded }
  }
}

function giveUpTheSilent (deps: Listening, runs: readonly Run[], startedAt: Milliseconds, clock: () => Milliseconds): void {
  const limitMs = deps.silenceLimitMs ?? SILENCE_LIMIT_MS
  for (const run of runs) {
    for (const index of [...run.openLookups]) {
      const platform = run.sources[index]?.platform
      if (platform !== undefined && deps.silence.lengthOf(platform, startedAt) >= limitMs) settle(deps, run, index, GIVEN_UP, clock)
    }
  }
}

async function isSettledWithin (promise: Promise<unknown>, limitMs: Milliseconds): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<false>(resolve => { timer = setTimeout(resolve, limitMs, false) })
  try {
    return await Promise.race([promise.then(() => true), limit])
  } finally {
    clearTimeout(timer)
  }
}

async function save (deps: RefreshDeps, runs: readonly Run[], clock: () => Milliseconds): Promise<RefreshSummary> {
  if (runs.length === 0) return { saved: [], superseded: [] }
  const results = runs.map(run => toResult(deps, run, clock()))
  for (const run of runs) {
    run.hasNews = false
    run.observations = []
  }
  const summary = await deps.store.saveResults(results)
  if (summary.superseded.length > 0) {
    deps.log.info({ insight_ids: summary.superseded }, 'results were overtaken by a change and dropped')
  }
  return summary
}

function toResult (
  { model = INSIGHT_1, policy }: RefreshDeps, { document, sources, observations, openLookups }: Run, now: Milliseconds
): RefreshResult {
  return {
    id: document.id,
    claim: document.refresh.claim,
    identity_rev: document.identity_rev,
    rev: document.rev,
    sources: [...sources],
    observations,
    breakdown: explain(model, toSignals(document.fields, sources, model)),
    end: openLookups.size > 0 ? null : { done: document.refresh.wanted, nextInMs: untilNext(sources, policy, now) }
  }
}

/** Until something is to be done about the first source; `null` when nothing is linked. */
function untilNext (sources: readonly SourceRecord[], policy: RefreshPolicy, now: Milliseconds): Milliseconds | null {
  if (sources.length === 0) return null
  return Math.max(0, Math.min(...sources.map(source => dueAt(source, policy))) - now)
}
