import { PLATFORMS, type Milliseconds, type Platform, type PlatformStatus } from '@insights/shared'
import type { BacklogFigures, JobCounts, Metrics, PlatformFigures, Rendered } from './port.js'
import { withinLimit } from './within-limit.js'

/** A scrape ends within a second: a quarter of it is for checking the token. */
const DEFAULT_LIMIT_MS: Milliseconds = 750

/** Where the figures of platforms come from. */
export interface PlatformSource {
  /** One that is `not_configured` is left out. */
  modes: Readonly<Record<Platform, string>>
  /** Reads what the workers share; rejects when that is away. */
  readStatus: (platform: Platform) => Promise<PlatformStatus>
}

export interface ScrapeDeps {
  metrics: Pick<Metrics, 'setBacklog' | 'setJobCounts' | 'setPlatforms' | 'render'>
  readBacklog: () => Promise<BacklogFigures>
  countJobs: () => Promise<JobCounts>
  /** Without it nothing is said of platforms. */
  platforms?: PlatformSource
  /** How long store, queue and platforms may take, all at the same time; 750 ms. */
  limitMs?: Milliseconds
}

/**
 * Makes the function that answers a scrape: asks store and queue how they are, and once for each platform what the
 * workers share about it, and renders everything. It never rejects for their sake and takes little longer than
 * `limitMs`: what does not answer is reported as down. While a question is open no second one is asked, however often
 * the metrics are scraped.
 */
export function createScrape ({ metrics, readBacklog, countJobs, platforms, limitMs = DEFAULT_LIMIT_MS }: ScrapeDeps): () => Promise<Rendered> {
  const askStore = createProbe(readBacklog, limitMs)
  const askQueue = createProbe(countJobs, limitMs)
  const askPlatforms = createPlatformProbe(platforms, limitMs)
  return async () => {
    const [backlog, counts, figures] = await Promise.all([askStore(), askQueue(), askPlatforms()])
    metrics.setBacklog(backlog)
    metrics.setJobCounts(counts)
    metrics.setPlatforms(figures)
    return await metrics.render()
  }
}

/** Gives the answer, or `null` when there is none within the limit. Why is for others to log: a scrape comes often. */
function createProbe<T> (ask: () => Promise<T>, limitMs: Milliseconds): () => Promise<T | null> {
  let open: Promise<T> | null = null
  return async () => {
    open ??= ask().finally(() => { open = null })
    return await withinLimit(open, limitMs).catch(() => null)
  }
}

/** Asks for all platforms at the same time; one that can not be read says nothing of the others. */
function createPlatformProbe (source: PlatformSource | undefined, limitMs: Milliseconds): () => Promise<PlatformFigures> {
  if (source === undefined) return async () => ({})
  const { modes, readStatus } = source
  const probes = PLATFORMS.filter(platform => modes[platform] !== 'not_configured')
    .map(platform => ({ platform, ask: createProbe(async () => await readStatus(platform), limitMs) }))
  return async () => Object.fromEntries(await Promise.all(probes.map(async ({ platform, ask }) => [platform, await ask()] as const)))
}
