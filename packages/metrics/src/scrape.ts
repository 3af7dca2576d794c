import type { Milliseconds } from '@insights/shared'
import type { BacklogFigures, JobCounts, Metrics, Rendered } from './port.js'
import { withinLimit } from './within-limit.js'

/** A scrape ends within a second: a quarter of it is for checking the token. */
const DEFAULT_LIMIT_MS: Milliseconds = 750

export interface ScrapeDeps {
  metrics: Pick<Metrics, 'setBacklog' | 'setJobCounts' | 'render'>
  readBacklog: () => Promise<BacklogFigures>
  countJobs: () => Promise<JobCounts>
  /** How long store and queue may take, both at the same time; 750 ms. */
  limitMs?: Milliseconds
}

/**
 * Makes the function that answers a scrape: asks store and queue how they are, and renders everything. It never
 * rejects for their sake and takes little longer than `limitMs`: what does not answer is reported as down. While a
 * question is open no second one is asked, however often the metrics are scraped.
 */
export function createScrape ({ metrics, readBacklog, countJobs, limitMs = DEFAULT_LIMIT_MS }: ScrapeDeps): () => Promise<Rendered> {
  const askStore = createProbe(readBacklog, limitMs)
  const askQueue = createProbe(countJobs, limitMs)
  return async () => {
    const [backlog, counts] = await Promise.all([askStore(), askQueue()])
    metrics.setBacklog(backlog)
    metrics.setJobCounts(counts)
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
