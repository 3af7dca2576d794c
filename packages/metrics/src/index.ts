export { createMetrics } from './metrics.js'
export { createScrape, type PlatformSource, type ScrapeDeps } from './scrape.js'
export { createScrapeGuard, type ScrapeGuardDeps, type ScrapeToken } from './scrape-guard.js'
export {
  PLATFORM_CALL_OUTCOMES, SOURCE_OUTCOMES,
  type BacklogFigures, type HttpCall, type JobCounts, type Metrics, type PlatformCall, type PlatformCallOutcome,
  type PlatformFigures,
  type RefreshRun, type Rendered, type SourceOutcome
} from './port.js'
